/** The highest clean rate of one process: no failed call, nothing retransmitted. A rate fails only twice in a row. */
import { runCalls } from '../lib/calls.mjs';
import { startKamailio } from '../lib/kamailio.mjs';
import { sleep } from '../lib/numbers.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = 'Highest clean rate';

async function climb(bench, server, rates) {
  // Above one core's worth the generators need the room they find.
  const callees = bench.callees.map((port) => ({ port, scenario: 'callee' }));
  const load = { folder: bench.folder, callers: bench.callers, callees, seconds: bench.quick ? 4 : 8 };
  const runs = [await runCalls(server, { ...load, rate: Math.min(300, rates[0]), seconds: bench.quick ? 3 : 10 })];
  let best = 0;
  for (const rate of rates) {
    let run = await runCalls(server, { ...load, rate });
    runs.push(run);
    bench.say(
      `${server.name} ${rate}/s: ${run.clean ? 'clean' : `not clean (${run.completed}/${run.calls}, ${run.retransmissions} retransmissions)`}, CPU ${run.cpuPercent} %, noise ${run.noisePercent} %`,
    );
    if (!run.clean) {
      await sleep(bench.quick ? 5_000 : 34_000); // past 64*T1, so that nothing of the failed run reaches the next
      run = await runCalls(server, { ...load, rate });
      runs.push(run);
      bench.say(`${server.name} ${rate}/s again: ${run.clean ? 'clean' : 'not clean'}, CPU ${run.cpuPercent} %`);
    }
    if (!run.clean) break;
    best = rate;
  }
  return { best, runs };
}

export async function run(bench) {
  const rates =
    bench.rates ?? (bench.quick ? [200, 400, 600] : [200, 300, 400, 500, 600, 700, 850, 1_000, 1_200, 1_400]);
  const hook = await startHookApp();
  const server = await startGraine({
    ...bench.server,
    application: { call_hook: `${hook.url}/dial?to=${bench.callees.join(',')}` },
  });
  const graine = await climb(bench, server, rates);
  await server.close();
  await hook.close();
  let kamailio;
  if (bench.peers.kamailio) {
    const proxy = await startKamailio(bench.folder, bench.callees);
    kamailio = await climb(
      bench,
      proxy,
      rates.filter((rate) => rate >= graine.best),
    );
    await proxy.close();
  }
  const atBest = graine.runs.findLast((each) => each.rate === graine.best && each.clean);
  const rows = [
    {
      figure: 'Highest clean rate, one process',
      unit: 'calls/s',
      ours: graine.best,
      limit: 850,
      aim: 1_200,
      more: true,
      published: 'ramp',
      measured: { kamailio: kamailio?.best },
      note: `of ${rates.join(', ')}; ${atBest === undefined ? 'none clean' : `CPU ${atBest.cpuPercent} %, ${atBest.cpuMsPerCall} ms a call there, noise ${atBest.noisePercent} %`}${kamailio === undefined ? '' : `; generators stop at ${rates.at(-1)}`}`,
    },
  ];
  return { rows, detail: { graine, kamailio } };
}
