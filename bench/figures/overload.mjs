/** Under too much: 50 to 200 % of what one process can do, in short runs; what is taken, completed and refused a second, and how
 * long the set-up of a call that was taken takes. */
import fs from 'node:fs';
import path from 'node:path';
import { runCalls } from '../lib/calls.mjs';
import { median, sleep } from '../lib/numbers.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = 'Under too much';

const shares = [0.5, 1, 1.5, 2];
const steps = [150, 200, 250, 300, 350, 400, 500, 600, 700, 850, 1_000, 1_200];

/** The highest rate at which all calls complete and none is refused. */
async function capacityOf(bench, run) {
  let best = 0;
  for (const rate of bench.rates ?? (bench.quick ? steps.filter((_, at) => at % 2 === 1) : steps)) {
    let result = await run(rate, bench.quick ? 4 : 8);
    // A rate fails only twice in a row: Node compiles, and other work comes and goes.
    if (result.completed < result.calls) result = await run(rate, bench.quick ? 4 : 8);
    bench.say(
      `capacity: ${rate}/s: ${result.completed} of ${result.calls}, CPU ${result.cpuPercent} %, noise ${result.noisePercent} %`,
    );
    if (result.completed < result.calls) break;
    best = rate;
  }
  return best;
}

export async function run(bench) {
  const hook = await startHookApp();
  const server = await startGraine({
    ...bench.server,
    application: { call_hook: `${hook.url}/dial?to=${bench.callees.join(',')}` },
  });
  const load = {
    folder: bench.folder,
    callers: bench.callers,
    caller: 'caller-refused',
    times: true,
    patience: bench.quick ? 4 : 20,
  };
  const callees = bench.callees.map((port) => ({ port, scenario: 'callee' }));
  const once = (rate, seconds) => runCalls(server, { ...load, callees, rate, seconds });
  await once(200, bench.quick ? 8 : 20);
  const capacity = await capacityOf(bench, once);
  if (capacity === 0) throw new Error('no rate was served without a loss; name lower ones with --rates');
  const runs = [];
  for (const share of shares) {
    await untilOpen(server);
    const seconds = bench.quick ? 8 : 20;
    const result = await once(Math.max(1, Math.round(capacity * share)), seconds);
    const { refused } = result;
    const load = [...(await server.metrics())].filter(([name]) => name.startsWith('graine_load_ratio'));
    const each = {
      share,
      rate: result.rate,
      acceptedPerSecond: perSecond(result.calls - refused, seconds),
      completedPerSecond: perSecond(result.completed, seconds),
      refusedPerSecond: perSecond(refused, seconds),
      setupMs: result.setupMs,
      load: Object.fromEntries(load),
      result,
    };
    runs.push(each);
    bench.say(
      `${share * 100} % (${each.rate}/s): accepted ${each.acceptedPerSecond}, completed ${each.completedPerSecond}, refused ${each.refusedPerSecond} a second; set-up p50 ${each.setupMs?.p50}, p99 ${each.setupMs?.p99} ms; noise ${result.noisePercent} %`,
    );
  }
  // Which limit it was that closed the door.
  for (const line of fs.readFileSync(path.join(server.folder, 'server.log'), 'utf8').split('\n'))
    if (line.includes('overload: ')) bench.say(line.slice(0, 200));
  await server.close();
  await hook.close();
  const at = (share) => runs.find((each) => each.share === share);
  const rows = runs.map(
    ({ share, rate, acceptedPerSecond, completedPerSecond, refusedPerSecond, setupMs, result }) => ({
      figure: `Completed at ${share * 100} % of ${capacity} calls/s`,
      unit: 'calls/s',
      ours: completedPerSecond,
      more: true,
      measured: {},
      note: `offered ${rate}, accepted ${acceptedPerSecond}, refused ${refusedPerSecond} a second; set-up p50 ${setupMs?.p50}, p99 ${setupMs?.p99} ms; CPU ${result.cpuPercent} %, noise ${result.noisePercent} %`,
    }),
  );
  return {
    rows,
    detail: {
      capacity,
      runs,
      kept: at(2).completedPerSecond / Math.max(1, at(1).completedPerSecond),
      noise: median(runs.map(({ result }) => result.noisePercent)),
    },
  };
}

const perSecond = (count, seconds) => Math.round((count / seconds) * 10) / 10;

/** Calm, so that each run begins as the first did. */
async function untilOpen(server) {
  for (let second = 0; second < 60; second++) {
    if ((await server.metrics()).get('graine_overloaded') !== 1) return;
    await sleep(1_000);
  }
}
