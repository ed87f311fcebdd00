/** 10,000 calls, half hung up by each side: what is left of them. */
import { runCalls } from '../lib/calls.mjs';
import { sleep, until } from '../lib/numbers.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = '10,000 calls, in and out: flat';

export async function run(bench) {
  const hook = await startHookApp();
  const server = await startGraine({
    ...bench.server,
    application: { call_hook: `${hook.url}/dial?to=${bench.callees[0]}&action=1` },
  });
  const rounds = bench.quick ? 2 : 11;
  const rate = bench.quick ? 100 : 200;
  const calls = bench.quick ? 300 : 1_000;
  const points = [];
  const load = {
    folder: bench.folder,
    core: bench.core,
    callers: bench.callers,
    callees: [{ port: bench.callees[0], scenario: 'callee' }],
    rate,
    seconds: calls / rate,
  };
  let completed = 0;
  let clean = true;
  const look = async (name) => {
    points.push({
      name,
      completed,
      ...server.memory(),
      descriptors: server.descriptors(),
      open: await openThings(server),
    });
  };
  await look('idle');
  for (let round = 0; round < rounds; round++) {
    const calleeEnds = round % 2 === 1;
    const callees = [{ port: bench.callees[0], scenario: calleeEnds ? 'callee-hangs-up' : 'callee' }];
    const result = await runCalls(server, { ...load, callees, caller: calleeEnds ? 'caller-waits' : 'caller' });
    completed += result.completed;
    clean &&= result.clean;
    await look(`after ${completed}`);
  }
  bench.say(`${completed} calls, ${clean ? 'clean' : 'NOT clean'}; waiting until their timers are over`);
  await sleep(bench.quick ? 3_000 : 36_000);
  await until(async () => Object.values(await openThings(server)).every((value) => value === 0), 10_000, 1_000);
  await look('at rest');
  // One more round from rest, and rest again: what 1,000 further calls add for good.
  await runCalls(server, load);
  await sleep(bench.quick ? 3_000 : 36_000);
  await look('at rest after 1,000 more');
  const [rest, last] = points.slice(-2);
  await server.close();
  await hook.close();
  const log = server.log();
  for (const point of points)
    bench.say(
      `${point.name}: RSS ${Math.round(point.rss / 1_024)} MiB, ${point.descriptors} descriptors, ${JSON.stringify(point.open)}`,
    );
  const row = (figure, unit, ours, note) => ({ figure, unit, ours, note });
  const rows = [
    row(
      'Soak: calls completed',
      'calls',
      completed,
      clean ? 'clean: nothing failed, nothing retransmitted' : 'NOT clean',
    ),
    row(
      'Soak: RSS idle → at rest → 1,000 calls later',
      'MiB',
      `${[points[0], rest, last].map((point) => Math.round(point.rss / 1_024)).join(' → ')}`,
      '',
    ),
    row(
      'Soak: descriptors idle → at rest → 1,000 calls later',
      '',
      `${[points[0], rest, last].map((point) => point.descriptors).join(' → ')}`,
      '',
    ),
    row(
      'Soak: calls and ports still open at rest',
      '',
      Object.entries(last.open)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ') || 'not shown',
      'from /metrics',
    ),
  ];
  return { rows, detail: { points, clean, completed, hooks: undefined, log } };
}

/** The gauges of /metrics that must be zero in an idle server. */
async function openThings(server) {
  const metrics = await server.metrics();
  const wanted =
    /^graine_(calls_in_progress|legs|sessions|dialogs|transactions|media_ports_in_use|media_endpoints|timers)\b/;
  return Object.fromEntries(
    [...metrics].filter(([name]) => wanted.test(name)).map(([name, value]) => [name.replace('graine_', ''), value]),
  );
}
