// Relayed RTP: CPU a packet and the delay added, on each of the three wires.
//   node bench/rtp.mjs [--calls 100,400] [--seconds 2] [--paths direct,dgram,epoll,io_uring]
// CPU is this process's (engine and workers, from the kernel); the phones are another process. `direct` is the phones without
// an engine between: what the meter itself adds to every delay.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100,400' },
    seconds: { type: 'string', default: '2' },
    paths: { type: 'string', default: 'direct,dgram,epoll,io_uring' },
  },
});
const built = new URL('../dist/media/index.js', import.meta.url);
if (!existsSync(built) || process.env.GRAINE_BENCH_SRC) (await import('tsx/esm/api')).register();
const from = (folder) =>
  import(
    existsSync(built) && !process.env.GRAINE_BENCH_SRC
      ? new URL(`../dist/${folder}/index.js`, import.meta.url)
      : new URL(`../src/${folder}/index.ts`, import.meta.url)
  );
const { createEmbeddedEngine } = await from('media');
const { SystemClock, SystemRandom, silentLog } = await from('base');

const PCMU = { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 };

function ask(child, message) {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.send(message);
  });
}

async function setUp(engine, ports) {
  const targets = [];
  for (let i = 0; i < ports.length; i++) {
    const endpoint = `e${i}`;
    const session = `s${i >> 1}`;
    targets.push((await engine.open({ session, endpoint })).port);
    const remote = { address: '127.0.0.1', port: ports[i] };
    await engine.configure(endpoint, { remote, payloads: [PCMU], direction: 'sendrecv', ptime: 20 });
    if (i % 2 === 1) await engine.bridge(`e${i - 1}`, endpoint);
  }
  await engine.stats();
  return targets;
}

async function measure(path, calls) {
  const seconds = Number(values.seconds);
  const child = fork(new URL('./rtp-load.mjs', import.meta.url), { execArgv: [] });
  const { ports } = await ask(child, { open: calls * 2 });
  let engine;
  let targets = ports.map((_, i) => ports[i ^ 1]);
  if (path !== 'direct') {
    const options = {
      address: '127.0.0.1',
      ports: '10000-29999',
      workers: 1,
      preferBatched: { dgram: false, epoll: 'epoll', io_uring: true }[path],
    };
    engine = await createEmbeddedEngine({
      ...options,
      clock: new SystemClock(),
      random: new SystemRandom(),
      log: silentLog,
    });
    targets = await setUp(engine, ports);
    await ask(child, { run: targets, seconds: 0.7 });
  }
  const before = process.cpuUsage();
  const figures = await ask(child, { run: targets, seconds });
  const used = process.cpuUsage(before);
  const each = (us) => Number((us / Math.max(1, figures.received)).toFixed(2));
  const name = engine === undefined ? 'direct' : (await engine.stats()).engine;
  await engine?.close();
  child.disconnect();
  const cost = { 'cpu µs/packet': each(used.user + used.system), user: each(used.user), system: each(used.system) };
  return { path: name, calls, ...figures, ...(path === 'direct' ? {} : cost) };
}

const rows = [];
for (const path of values.paths.split(','))
  for (const calls of values.calls.split(',')) rows.push(await measure(path, Number(calls)));
console.table(rows);
