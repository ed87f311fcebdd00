/** The whole server as anyone would start it: `bin/graine start --config FILE`, on free loopback ports, with a store of its
 * own in a folder of its own; and the web application beside it. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstLine, start, stop } from './children.mjs';
import { until } from './numbers.mjs';
import { freePort } from './ports.mjs';
import { cpuOf, descriptorsOf, memoryOf } from './proc.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hookApp = fileURLToPath(new URL('./hook-app.mjs', import.meta.url));
const token = 'bench-token';

export async function startHookApp() {
  const child = start(process.execPath, [hookApp], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = `http://127.0.0.1:${await firstLine(child)}`;
  return { url, pid: child.pid, close: () => stop(child), times: async () => (await fetch(`${url}/times`)).json() };
}

/** `callers` are the ports calls come from: an inbound gateway each. `parts` are further lines of the configuration. */
function configuration({ sip, http, application, callers, folder, media, ports, store, edges, parts }) {
  const gateways = callers.map(
    (port) => `          - { host: 127.0.0.1, port: ${port}, inbound: true, outbound: false }`,
  );
  return `sip:
  listen: ["udp://127.0.0.1:${sip}"]
  edges: ${JSON.stringify(edges)}
media:
  address: 127.0.0.1
  ports: ${ports}
${Object.entries(media)
  .map(([key, value]) => `  ${key}: ${value}\n`)
  .join('')}http:
  listen: 127.0.0.1:${http}
  admin_token: ${token}
store: ${JSON.stringify({ url: `file:${folder}/data`, ...store })}
${parts.map((part) => `${part}\n`).join('')}shutdown: { drain_seconds: 1 }
accounts:
  - name: bench
    applications:
      - ${JSON.stringify({ name: 'main', ...application })}
    carriers:
      - name: callers
        application: main
        gateways:
${gateways.join('\n')}
`;
}

/** @param {{folder: string, application: object, callers: number[], media?: Record<string, string | number>, runtime?: string, node?: string[], entry?: string, env?: Record<string, string>,
 *   ports?: string, store?: object, edges?: string[], parts?: string[]}} setup */
export async function startGraine(setup) {
  const folder = fs.mkdtempSync(path.join(setup.folder, 'graine-'));
  const sip = await freePort();
  const http = await freePort();
  const file = path.join(folder, 'graine.yaml');
  const { application, callers, media = {}, ports = '20000-63999', store = {}, edges = [], parts = [] } = setup;
  fs.writeFileSync(file, configuration({ sip, http, application, callers, folder, media, ports, store, edges, parts }));
  const log = fs.openSync(path.join(folder, 'server.log'), 'w');
  const command = [...(setup.node ?? []), setup.entry ?? path.join(root, 'bin/graine'), 'start', '--config', file];
  const env = { ...process.env, ...setup.env };
  const child = start(setup.runtime ?? process.execPath, command, { cwd: folder, env, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const base = `http://127.0.0.1:${http}`;
  const ready = async () => {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${tail(path.join(folder, 'server.log'))}`);
    return fetch(`${base}/readyz`).then((answer) => answer.ok, () => false); // prettier-ignore
  };
  if (!(await until(ready, 60_000)))
    throw new Error(`the server is not ready:\n${tail(path.join(folder, 'server.log'))}`);
  const roots = [child.pid];
  return {
    name: 'graine',
    target: `127.0.0.1:${sip}`,
    host: '127.0.0.1',
    port: sip,
    folder,
    base,
    token,
    pid: child.pid,
    roots,
    cpuMs: () => cpuOf(roots),
    memory: () => memoryOf(roots),
    descriptors: () => descriptorsOf(roots),
    metrics: async () => metricsOf(await (await fetch(`${base}/metrics`)).text()),
    log: () => tail(path.join(folder, 'server.log')),
    close: () => stop(child),
  };
}

function tail(file) {
  return fs.readFileSync(file, 'utf8').slice(-2_000);
}

/** Prometheus text as name{labels} → number. */
function metricsOf(text) {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
