/** Three targets ring, one answers, two are cancelled. */
import { runCalls } from '../lib/calls.mjs';
import { best, median } from '../lib/numbers.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = 'Simring of three';

export async function run(bench) {
  const hook = await startHookApp();
  const server = await startGraine({
    ...bench.server,
    application: { call_hook: `${hook.url}/ring?to=${bench.callees.join(',')}` },
  });
  const callees = bench.callees.map((port, at) => ({ port, scenario: at === 0 ? 'callee' : 'callee-rings' }));
  const load = { folder: bench.folder, core: bench.core, callers: bench.callers, callees };
  const first = await runCalls(server, { ...load, rate: 150, seconds: bench.quick ? 3 : 12 });
  if (!bench.quick) await runCalls(server, { ...load, rate: 150, seconds: 28 });
  const runs = [];
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    runs.push(await runCalls(server, { ...load, rate: 100, seconds: bench.quick ? 4 : 10 }));
    bench.say(`${runs.at(-1).cpuMsPerCall} ms a call, clean ${runs.at(-1).clean}, noise ${runs.at(-1).noisePercent} %`);
  }
  await server.close();
  await hook.close();
  const costs = runs.map((each) => each.cpuMsPerCall);
  const rows = [
    {
      figure: `CPU a call, simring of three at 100/s: best of ${runs.length}`,
      unit: 'ms',
      ours: best(costs),
      limit: 1.7,
      published: 'simring',
      note: `the first ${first.completed} calls ${first.cpuMsPerCall}, median ${median(costs)}, ${runs.every((each) => each.clean) ? 'clean' : 'NOT clean'}, noise ${runs.map((each) => each.noisePercent).join('/')} %`,
    },
  ];
  return { rows, detail: { runs } };
}
