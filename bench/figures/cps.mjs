/** CPU of a completed dial call at 200 calls/s, the hook's request included, the hook's application not. */
import { runCalls } from '../lib/calls.mjs';
import { startKamailio } from '../lib/kamailio.mjs';
import { best, median } from '../lib/numbers.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = 'CPU a completed dial call at 200 calls/s';

async function measure(bench, server, { name, caller, callee }) {
  const { folder, core, quick, callers } = bench;
  const load = { folder, core, callers, caller, callees: [{ port: bench.callees[0], scenario: callee }] };
  // Node compiles what runs often: a call costs less and less for the first ten thousand. What they cost is in the note.
  const warm = await runCalls(server, { ...load, rate: 300, seconds: quick ? 3 : 12 });
  if (!quick) await runCalls(server, { ...load, rate: 300, seconds: 28 });
  const runs = [];
  for (let run = 0; run < (quick ? 1 : 3); run++) {
    runs.push(await runCalls(server, { ...load, rate: 200, seconds: quick ? 4 : 10 }));
    bench.say(
      `${server.name} ${name}: ${runs.at(-1).cpuMsPerCall} ms a call, clean ${runs.at(-1).clean}, noise ${runs.at(-1).noisePercent} %`,
    );
  }
  const costs = runs.map((run) => run.cpuMsPerCall);
  return { best: best(costs), median: median(costs), clean: runs.every((run) => run.clean), warm, runs };
}

const variants = [
  { name: 'dial', callee: 'callee' },
  { name: 'dial with actionHook, callee hangs up', action: '&action=1', caller: 'caller-waits', callee: 'callee-hangs-up' },
]; // prettier-ignore

export async function run(bench) {
  const rows = [];
  const detail = {};
  let proxy;
  if (bench.peers.kamailio) {
    const kamailio = await startKamailio(bench.folder, [bench.callees[0]]);
    proxy = await measure(bench, kamailio, { name: 'bare proxy', callee: 'callee' });
    detail.kamailio = proxy;
    await kamailio.close();
  }
  for (const { action = '', ...load } of variants) {
    const { name } = load;
    const hook = await startHookApp();
    const server = await startGraine({
      ...bench.server,
      application: { call_hook: `${hook.url}/dial?to=${bench.callees[0]}${action}` },
    });
    const result = await measure(bench, server, load);
    detail[name] = { ...result, hooks: (await hook.times()).counts };
    await server.close();
    await hook.close();
    rows.push({
      figure: `CPU a call, ${name}: best of ${result.runs.length}`,
      unit: 'ms',
      ours: result.best,
      limit: name === 'dial' ? 1 : undefined,
      aim: name === 'dial' ? 0.6 : undefined,
      published: 'cps',
      measured: { kamailio: proxy?.best },
      note: `the first ${result.warm.completed} calls ${result.warm.cpuMsPerCall ?? '(too many were lost to say)'}, median ${result.median}, ${result.clean ? 'clean' : 'NOT clean'}, noise ${result.runs.map((run) => run.noisePercent).join('/')} %`,
    });
  }
  return { rows, detail };
}
