// npm run bench: what a call costs, beside the peers. Prints a table and writes bench-out/*.json; asserts nothing about time.
//   node bench/run.mjs [--only cps,ramp,overload,simring,pdd,rtp,studio,mem,soak,cluster] [--quick] [--peers] [--rates 400,600,…] [--core 0] [--out bench-out]
// Loopback only. SIPp is needed (Debian: sip-tester); --peers installs Kamailio and rtpengine from Debian when root.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stopAll } from './lib/children.mjs';
import { kamailioVersion } from './lib/kamailio.mjs';
import { installPeers, sippVersion } from './lib/packages.mjs';
import { freePorts } from './lib/ports.mjs';
import { rtpengineVersion } from './lib/rtpengine.mjs';
import { printTable } from './lib/table.mjs';

const figures = ['cps', 'ramp', 'overload', 'simring', 'pdd', 'rtp', 'studio', 'mem', 'soak', 'cluster'];
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: figures.join(',') },
    quick: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    rates: { type: 'string' },
    core: { type: 'string', default: '0' },
    out: { type: 'string', default: 'bench-out' },
    // For profiling: a module to start instead of bin/graine, and flags of its node.
    entry: { type: 'string' },
    node: { type: 'string', multiple: true, default: [] },
  },
});
const chosen = values.only.split(',');
const unknown = chosen.filter((name) => !figures.includes(name));
if (unknown.length > 0) {
  console.error(`--only: no figure "${unknown.join(', ')}"; there are ${figures.join(', ')}`);
  process.exit(2);
}
if (values.peers) installPeers();
const sipp = sippVersion();
if (
  sipp === undefined &&
  chosen.some((name) => ['cps', 'ramp', 'overload', 'simring', 'soak', 'cluster'].includes(name))
) {
  console.error('SIPp is not installed: apt-get install -y sip-tester (or: npm run bench -- --peers, as root)');
  process.exit(2);
}
const out = path.resolve(values.out);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-bench-'));
fs.mkdirSync(out, { recursive: true });
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

const installed = (command) => {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const root = fileURLToPath(new URL('..', import.meta.url));
const [near, far] = await freePorts(2);
const callers = await freePorts(4);
const bench = {
  // Ports of the generators: SIPp callers and callees, and our own two phones.
  callers,
  callees: await freePorts(3),
  phones: { near, far },
  folder,
  core: values.core,
  quick: values.quick,
  rates: values.rates?.split(',').map(Number),
  server: { folder, callers: [...callers, near], entry: values.entry, node: values.node },
  // How packets move: the batched path where the kernel allows it, and plain dgram.
  wires: [
    ['batched', { wire: 'auto' }],
    ['dgram', { wire: 'dgram' }],
  ],
  peers: { kamailio: kamailioVersion(), rtpengine: rtpengineVersion() },
  say: (line) => console.log(`  ${line}`),
};
const machine = {
  date: new Date().toISOString(),
  cores: os.availableParallelism(),
  cpu: os.cpus()[0]?.model,
  kernel: os.release(),
  node: process.version,
  graine: JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version,
  sipp,
  network: 'loopback',
};
console.log(
  `Graine ${machine.graine}, Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, loopback`,
);
for (const [name, version] of Object.entries(bench.peers)) console.log(`  ${name}: ${version ?? 'not installed'}`);
for (const name of ['asterisk', 'freeswitch', 'drachtio']) {
  console.log(
    `  ${name}: ${installed(name) ? 'installed, not driven by this script: published figures only' : 'not installed'}`,
  );
}

const rows = [];
let broken = 0;
for (const name of chosen) {
  const { run, title } = await import(`./figures/${name}.mjs`);
  console.log(`\n${title}`);
  try {
    const result = await run(bench);
    rows.push(...result.rows);
    fs.writeFileSync(
      path.join(out, `${name}.json`),
      `${JSON.stringify({ machine, peers: bench.peers, ...result }, undefined, 2)}\n`,
    );
    if (result.detail.skipped !== undefined) console.log(`  skipped: ${result.detail.skipped}`);
  } catch (fault) {
    broken += 1;
    console.error(`  could not be measured: ${fault.stack ?? fault}`);
    stopAll();
  }
}
console.log('');
printTable(rows);
fs.writeFileSync(
  path.join(out, 'summary.json'),
  `${JSON.stringify({ machine, peers: bench.peers, rows }, undefined, 2)}\n`,
);
console.log(
  `\nWritten: ${path.relative(process.cwd(), out) || '.'}/*.json. Noise is other work on this machine, in percent of one core.`,
);
process.exit(broken === 0 ? 0 : 1);
