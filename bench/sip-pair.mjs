// What the SIP part of a call costs in two builds, beside each other in one process and in turn every few calls, so that
// other work on the machine meets both: tells 2 % apart in a minute where whole servers differ by 10 % from start to start.
//   node bench/sip-pair.mjs OLD NEW [--seconds 20] [--calls 5] [--sleep 0]      OLD and NEW are folders with a dist/
// `--sleep 2 --calls 1` sleeps 2 ms before each call: what it costs when other work has had the caches meanwhile.
// The build that was loaded first is at an advantage of some percent: both orders are taken.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import { median, round } from './lib/numbers.mjs';
import { sipInMemory } from './lib/sip-in-memory.mjs';

const { values, positionals: builds } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    calls: { type: 'string', default: '5' },
    sleep: { type: 'string', default: '0' },
    here: { type: 'boolean', default: false },
  },
});
const [seconds, calls, nap] = [values.seconds, values.calls, values.sleep].map(Number);

/** CPU of this thread so far, µs: what the helpers of V8 take is not in it. */
function threadClock() {
  const lib = createRequire(import.meta.url)('koffi').load('libc.so.6');
  const read = lib.func('int clock_gettime(int clock, void *time)');
  const time = new BigInt64Array(2);
  const bytes = new Uint8Array(time.buffer);
  return () => {
    read(3, bytes);
    return Number(time[0]) * 1e6 + Number(time[1]) / 1e3;
  };
}

/** µs a call of both builds, pair by pair. */
async function measure() {
  // As bin/graine does.
  v8.setFlagsFromString('--no-parallel-scavenge');
  v8.setFlagsFromString('--no-allocation-site-pretenuring');
  const cpu = threadClock();
  const sides = [await sipInMemory(builds[0]), await sipInMemory(builds[1])];
  const cost = async (call) => {
    await sleep(nap);
    const start = cpu();
    for (let i = 0; i < calls; i++) await call();
    return (cpu() - start) / calls;
  };
  for (let warm = 0; warm < 8_000; warm += calls) for (const call of sides) await cost(call);
  const pairs = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
    const first = pairs.length % 2;
    const one = await cost(sides[first]);
    const other = await cost(sides[1 - first]);
    pairs.push(first === 0 ? [one, other] : [other, one]);
  }
  const [a, b] = [0, 1].map((side) => median(pairs.map((pair) => pair[side])));
  return { a, b, ratio: median(pairs.map((pair) => pair[1] / pair[0])), pairs: pairs.length };
}

if (builds.length !== 2) {
  console.error('Usage: node bench/sip-pair.mjs OLD NEW [--seconds 20] [--calls 5] [--sleep 0]');
  process.exit(2);
}
if (values.here) {
  console.log(JSON.stringify(await measure()));
  process.exit(0);
}
const run = (order) => {
  const options = [`--seconds=${seconds / 2}`, `--calls=${calls}`, `--sleep=${nap}`, '--here'];
  return JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...order, ...options]).toString());
};
const there = run(builds);
const back = run(builds.toReversed());
console.log(
  `old ${round(there.a, 1)} and ${round(back.b, 1)} µs a call, new ${round(there.b, 1)} and ${round(back.a, 1)} (${there.pairs + back.pairs} pairs)`,
);
console.log(
  `new / old: ${round(Math.sqrt(there.ratio / back.ratio), 3)} (loaded second ${round(there.ratio, 3)}, first ${round(1 / back.ratio, 3)})`,
);
