// What sound costs that is not only relayed: CPU a leg and 20 ms frame, calls a core, and how evenly packets leave.
//   node bench/studio.mjs [--calls 50] [--seconds 4] [--cases relay,tap,gain,…] [--json]
// CPU is this process's (engine and worker, from the kernel); the phones are another process. `relay` is the same call without
// the studio. Jitter is the distance of two packets from 20 ms as the phones' process sees it, so with its own noise in it.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '4' },
    cases: { type: 'string', default: 'relay,tap,gain,opus,g722,opus-g722,jitter' },
    json: { type: 'boolean', default: false },
  },
});
const built = new URL('../dist/media/index.js', import.meta.url);
const fromSource = !existsSync(built) || process.env.GRAINE_BENCH_SRC !== undefined;
if (fromSource) (await import('tsx/esm/api')).register();
const from = (module) => import(new URL(fromSource ? `../src/${module}.ts` : `../dist/${module}.js`, import.meta.url));
const { createEmbeddedEngine } = await from('media/index');
const { createCodec } = await from('media/codec/audio-codec');
const { SystemClock, SystemRandom, silentLog } = await from('base/index');

const payloads = {
  PCMU: { receive: 0, send: 0, codec: 'PCMU', clockRate: 8000, channels: 1 },
  PCMA: { receive: 8, send: 8, codec: 'PCMA', clockRate: 8000, channels: 1 },
  G722: { receive: 9, send: 9, codec: 'G722', clockRate: 8000, channels: 1 },
  OPUS: { receive: 111, send: 111, codec: 'OPUS', clockRate: 48_000, channels: 2, fmtp: 'useinbandfec=1' },
};
const cases = {
  relay: { ends: ['PCMU', 'PCMU'] },
  tap: { ends: ['PCMU', 'PCMU'], taps: true },
  gain: { ends: ['PCMU', 'PCMU'], taps: true, gain: true },
  opus: { ends: ['OPUS', 'PCMU'] },
  g722: { ends: ['G722', 'PCMU'] },
  'opus-g722': { ends: ['OPUS', 'G722'] },
  jitter: { ends: ['PCMU', 'PCMU'], gain: true, calls: 200 },
};

/** Two seconds of something like a voice: harmonics that move and swell, breath, and a pause. */
function spoken(payload) {
  const codec = createCodec(payload);
  let phase = 0;
  let seed = 1;
  const packets = Array.from({ length: 100 }, (_, i) => {
    const samples = Int16Array.from({ length: codec.frame }, (_sample, n) => {
      const t = (i * codec.frame + n) / codec.rate;
      phase += (2 * Math.PI * (120 + 40 * Math.sin(5 * t))) / codec.rate;
      seed = (seed * 16_807) % 2_147_483_647;
      let sum = (seed / 2_147_483_647 - 0.5) * 0.3;
      for (let k = 1; k <= 12; k++) sum += Math.sin(k * phase) / k;
      return Math.round(4000 * sum * (t % 1 < 0.7 ? Math.abs(Math.sin(9 * t)) : 0.02));
    });
    const into = new Uint8Array(1500);
    return Buffer.from(into.slice(0, codec.encode(samples, into, 0))).toString('base64');
  });
  codec.close();
  return packets;
}

function ask(child, message) {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.send(message);
  });
}

async function setUp(engine, ports, { ends, taps, gain }) {
  const targets = [];
  for (let i = 0; i < ports.length; i++) {
    const endpoint = `e${i}`;
    const payload = payloads[ends[i % 2]];
    const { port } = await engine.open({ session: `s${i >> 1}`, endpoint });
    targets.push({ port, type: payload.receive, step: payload.clockRate / 50, list: i % 2 });
    const remote = { address: '127.0.0.1', port: ports[i] };
    await engine.configure(endpoint, { remote, payloads: [payload], direction: 'sendrecv', ptime: 20 });
    if (i % 2 === 1) await engine.bridge(`e${i - 1}`, endpoint);
    if (taps && i % 2 === 1) await engine.openTap(`e${i - 1}`, 'listen', { source: 'both', rate: 8000, seconds: 1 });
    if (gain) await engine.setGain(endpoint, 3);
  }
  await engine.stats();
  return targets;
}

async function measure(name) {
  const plan = cases[name];
  const calls = plan.calls ?? Number(values.calls);
  const seconds = Number(values.seconds);
  const child = fork(new URL('./studio-load.mjs', import.meta.url), { execArgv: [] });
  const { ports } = await ask(child, { open: calls * 2 });
  const engine = await createEmbeddedEngine({
    address: '127.0.0.1',
    ports: '10000-29999',
    workers: 1,
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: silentLog,
  });
  const run = { targets: await setUp(engine, ports, plan), lists: plan.ends.map((end) => spoken(payloads[end])) };
  await ask(child, { run, seconds: 1.5 });
  const before = process.cpuUsage();
  const figures = await ask(child, { run, seconds });
  const { user, system } = process.cpuUsage(before);
  const { engine: wire } = await engine.stats();
  await engine.close();
  child.disconnect();
  // By what came out: frames that a busy machine never got to cost nothing.
  const us = (user + system) / Math.max(1, figures.received);
  return {
    case: name,
    ends: plan.ends.join(' ↔ '),
    wire,
    calls,
    'µs/frame/leg': Number(us.toFixed(1)),
    'calls/core': Math.floor(1e6 / (us * 100)),
    'jitter p50 ms': figures.p50,
    'jitter p99 ms': figures.p99,
    'lost %': Number((100 - figures.received / calls / seconds).toFixed(1)),
  };
}

const rows = [];
for (const name of values.cases.split(',')) rows.push(await measure(name));
if (values.json) console.log(JSON.stringify(rows));
else console.table(rows);
