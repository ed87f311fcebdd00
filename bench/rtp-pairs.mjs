// Relayed RTP, several builds and wires compared on a machine that others use too: all stand at once and are loaded in turn, in
// many short runs. A run counts where the relay waited little for a core; medians of those are printed, and the quartiles.
//   node bench/rtp-pairs.mjs [--calls 100] [--runs 8] [--at-most 120] [--late 15] c:0 c:600 .:dgram .:epoll .:io_uring ../other:io_uring
// `c:600` is lib/relay.c that sleeps 600 µs between looks: what the kernel costs alone. `.` is this build, another folder another one.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const own = fileURLToPath(import.meta.url);
if (process.send === undefined) await compare();
else await host(process.argv.slice(2));

/** A process with an engine in it: CALLS bridged calls. Says the map of rtpload.c. */
async function host([root, wire, calls, ports, near, far]) {
  const from = (folder) => import(path.join(root, 'dist', folder, 'index.js'));
  const [{ createEmbeddedEngine }, { SystemClock, SystemRandom, silentLog }] = [
    await from('media'),
    await from('base'),
  ];
  const preferBatched = { dgram: false, epoll: 'epoll', io_uring: true }[wire];
  const parts = { clock: new SystemClock(), random: new SystemRandom(), log: silentLog };
  const engine = await createEmbeddedEngine({ address: '127.0.0.1', ports, workers: 1, preferBatched, ...parts });
  const payloads = [{ receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 }];
  const map = [];
  for (let call = 0; call < Number(calls); call++) {
    for (const [side, first] of [
      ['near', near],
      ['far', far],
    ]) {
      // prettier-ignore
      const port = Number(first) + 2 * call;
      const { port: ours } = await engine.open({ session: `s${call}`, endpoint: side + call });
      await engine.configure(side + call, {
        remote: { address: '127.0.0.1', port },
        payloads,
        direction: 'sendrecv',
        ptime: 20,
      });
      map.push(`${side} ${call} ${port} ${ours}`);
    }
    await engine.bridge(`near${call}`, `far${call}`);
  }
  const { engine: name } = await engine.stats();
  process.send({ map, name });
}

async function compare() {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { calls: text('100'), runs: text('8'), 'at-most': text('120'), late: text('15') },
  });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-rtp-'));
  const children = [];
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  });
  for (const name of ['rtpload', 'relay'])
    execFileSync('cc', [
      '-O2',
      '-o',
      path.join(folder, name),
      fileURLToPath(new URL(`./lib/${name}.c`, import.meta.url)),
    ]);
  const bench = { folder, children, calls: Number(values.calls), near: 2000, far: 2000 + 2 * Number(values.calls) };
  const relays = [];
  for (const [i, spec] of positionals.entries())
    relays.push(await relay(bench, spec, 12_000 + i * (bench.calls * 4 + 400)));
  const counts = ({ runs }) => runs.filter((run) => run.late < Number(values.late));
  for (const each of relays) await run(bench, each, 2); // compiles what runs often
  const until = performance.now() + Number(values['at-most']) * 1000;
  for (const each of relays) each.runs.length = 0;
  while (performance.now() < until && relays.some((each) => counts(each).length < Number(values.runs)))
    for (const each of relays.reverse()) await run(bench, each, 0.3);
  const at = (runs, key, share) => Number((runs.map((r) => r[key]).sort((a, b) => a - b)[Math.floor(runs.length * share)] ?? NaN).toFixed(2)); // prettier-ignore
  const rows = relays.sort((a, b) => a.order - b.order).map((each) => {
    const calm = counts(each);
    const cost = { 'µs/packet': at(calm, 'us', 0.5), q1: at(calm, 'us', 0.25), q3: at(calm, 'us', 0.75) };
    return { relay: each.spec, runs: `${calm.length} of ${each.runs.length}`, ...cost, 'packets/wake': at(calm, 'together', 0.5), p50: at(calm, 'p50', 0.5), p99: at(calm, 'p99', 0.5), lost: each.runs.reduce((all, r) => all + r.lost, 0) };
  }); // prettier-ignore
  console.table(rows);
  process.exit();
}

async function relay({ folder, children, calls, near, far }, spec, port) {
  const [root, wire] = spec.split(/:([^:]*)$/);
  const order = port;
  const c = root === 'c';
  const args = c
    ? [calls, port, near, far, wire]
    : [own, path.resolve(root), wire, calls, `${port}-${port + calls * 4 + 398}`, near, far];
  const child = spawn(c ? path.join(folder, 'relay') : process.execPath, args.map(String), {
    stdio: ['ignore', c ? 'pipe' : 'inherit', 'inherit', ...(c ? [] : ['ipc'])],
  });
  children.push(child);
  if (!c)
    return new Promise((resolve) =>
      child.once('message', ({ map, name }) => resolve({ spec: `${spec} (${name})`, order, child, map, runs: [] })),
    );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const map = Array.from({ length: calls }, (_, i) => [
    `near ${i} ${near + 2 * i} ${port + 4 * i}`,
    `far ${i} ${far + 2 * i} ${port + 4 * i + 2}`,
  ]).flat();
  return { spec, order, child, map, runs: [] };
}

/** Nanoseconds each thread ran, and waited for a core; how often it slept. */
function threads(pid) {
  const read = (task, file) => fs.readFileSync(`/proc/${pid}/task/${task}/${file}`, 'latin1');
  const one = (task) => {
    const [ran, late] = read(task, 'schedstat').split(' ').map(Number);
    return [task, { ran, late, slept: Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(task, 'status'))[1]) }];
  };
  return new Map(fs.readdirSync(`/proc/${pid}/task`).map(one));
}

async function run({ folder, children }, relay, seconds) {
  const load = spawn(path.join(folder, 'rtpload'), [String(seconds), '0.15', '20', '0'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(load);
  const looks = [];
  let [out, said] = ['', ''];
  load.stdout.on('data', (chunk) => (out += chunk));
  load.stderr.on('data', (chunk) => {
    said += chunk;
    for (const [i, word] of ['measuring', 'stopped'].entries())
      if (said.includes(word)) looks[i] ??= threads(relay.child.pid);
  });
  load.stdin.end(`${relay.map.join('\n')}\n`);
  await new Promise((resolve) => load.once('close', resolve));
  const { fromNear, fromFar } = JSON.parse(out);
  const received = fromNear.received + fromFar.received;
  const spent = [...looks[1]].map(([task, { ran, late, slept }]) => {
    const before = looks[0].get(task) ?? { ran: 0, late: 0, slept: 0 };
    return { ran: ran - before.ran, late: late - before.late, slept: slept - before.slept };
  });
  const most = spent.reduce((a, b) => (b.ran > a.ran ? b : a));
  const us = spent.reduce((all, { ran }) => all + ran, 0) / 1000 / received;
  const delay = { p50: Math.max(fromNear.p50, fromFar.p50) / 1000, p99: Math.max(fromNear.p99, fromFar.p99) / 1000 };
  relay.runs.push({
    us,
    together: received / most.slept,
    late: most.late / 1e7 / seconds,
    lost: fromNear.lost + fromFar.lost,
    ...delay,
  });
}
