/** Kamailio as a bare stateful proxy: the bound. It parses, keeps transactions, relays, and does nothing else. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { start, stop } from './children.mjs';
import { until } from './numbers.mjs';
import { freePort } from './ports.mjs';
import { cpuOf, memoryOf } from './proc.mjs';

/** Undefined when it is not installed. */
export function kamailioVersion() {
  try {
    return /kamailio (\S+)/.exec(
      execFileSync('kamailio', ['-v'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )?.[1];
  } catch {
    return undefined;
  }
}

const script = (port, callees) => `#!KAMAILIO
debug=-1
log_stderror=yes
fork=yes
children=2
auto_aliases=no
disable_tcp=yes
listen=udp:127.0.0.1:${port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route() || method == "ACK") { t_relay(); }
    exit;
  }
  if (method == "CANCEL") { if (t_check_trans()) { t_relay(); } exit; }
  record_route();
${callees.map((callee, at) => `  if ($(rU{s.int}) mod ${callees.length} == ${at}) { $du = "sip:127.0.0.1:${callee}"; }`).join('\n')}
  t_relay();
}
`;

export async function startKamailio(folder, callees) {
  const port = await freePort();
  const home = fs.mkdtempSync(path.join(folder, 'kamailio-'));
  const file = path.join(home, 'kamailio.cfg');
  fs.writeFileSync(file, script(port, callees));
  const log = fs.openSync(path.join(home, 'log'), 'w');
  const args = ['-f', file, '-DD', '-E', '-m', '128', '-M', '16', '-Y', home, '-P', path.join(home, 'pid'), '-w', home];
  const child = start('kamailio', args, { stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const up = () => fs.readFileSync('/proc/net/udp', 'latin1').includes(`0100007F:${port.toString(16).toUpperCase()}`);
  if (!(await until(up, 5_000)) || child.exitCode !== null)
    throw new Error(fs.readFileSync(path.join(home, 'log'), 'utf8').slice(0, 800));
  const roots = [child.pid];
  return {
    name: 'kamailio',
    host: '127.0.0.1',
    port,
    target: `127.0.0.1:${port}`,
    roots,
    cpuMs: () => cpuOf(roots),
    memory: () => memoryOf(roots),
    close: () => stop(child),
  };
}
