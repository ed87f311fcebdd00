/** What several nodes cost: Redis and PostgreSQL beside a store of one's own, two nodes behind Kamailio beside one, and the
 * set-up of a call through rtpengine beside a worker. Every comparison is of runs in turn, first one, then the other. */
import { runCalls } from '../lib/calls.mjs';
import { best, median, round, spread } from '../lib/numbers.mjs';
import { Phones } from '../lib/phones.mjs';
import { cpuOf } from '../lib/proc.mjs';
import { startRtpengine } from '../lib/rtpengine.mjs';
import { startGraine, startHookApp } from '../lib/server.mjs';

export const title = 'Several nodes: what sharing, an edge and rtpengine cost';

const secret = { GRAINE_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') };

/** The kit of the tests starts Debian's servers, and Kamailio as `graine edge` sets it up. */
async function servers() {
  (await import('tsx/esm/api')).register();
  const kit = (name) => import(new URL(`../../test/kit/${name}.ts`, import.meta.url));
  const [{ startRedis }, { startPostgres }, { startKamailio }] = [
    await kit('redis'),
    await kit('postgres'),
    await kit('kamailio'),
  ];
  const [redis, postgres] = [await startRedis(), await startPostgres()];
  for (const each of [redis, postgres]) if ('missing' in each) return { skipped: each.missing };
  return { redis, postgres, startKamailio };
}

const shared = async ({ redis, postgres }) => ({
  store: { url: await postgres.database() },
  parts: [`live: ${JSON.stringify({ url: redis.url })}`],
  env: secret,
});

/** The same load on each of two in turn; each is warm before the first run that counts. */
async function inTurn(bench, sides, { rates, seconds }) {
  const load = (n) => ({
    folder: bench.folder,
    core: bench.core,
    callers: bench.callers,
    callees: [{ port: bench.callees[0], scenario: 'callee' }],
    rate: rates[n],
    seconds,
    patience: bench.quick ? 2 : 20,
  });
  const runs = sides.map(() => []);
  for (const [n, side] of sides.entries()) await runCalls(side, { ...load(n), seconds: bench.quick ? 4 : 15 });
  for (let round = 0; round < (bench.quick ? 2 : 4); round++)
    for (const [n, side] of sides.entries()) {
      const run = await runCalls(side, load(n));
      runs[n].push(run);
      bench.say(`${side.name}: ${run.cpuMsPerCall} ms a call, clean ${run.clean}, noise ${run.noisePercent} %`);
    }
  return runs;
}

/** A run that lost calls has none. */
const costs = (runs) => runs.map((run) => run.cpuMsPerCall).filter((cost) => cost !== undefined);
const noteOf = (runs) =>
  `${runs.flat().every((run) => run.clean) ? 'clean' : 'NOT clean'}, noise ${runs
    .flat()
    .map((run) => run.noisePercent)
    .join('/')} %`;

/** One node with a store of its own, and one that shares. */
async function sharing(bench, kit, application) {
  const alone = await startGraine({ ...bench.server, application });
  const sharing = await startGraine({ ...bench.server, application, ...(await shared(kit)) });
  const servers = [[kit.redis.pid], [kit.postgres.pid]];
  const before = servers.map(cpuOf);
  const sides = [
    { ...alone, name: 'alone' },
    { ...sharing, name: 'Redis, PostgreSQL' },
  ];
  const runs = await inTurn(bench, sides, {
    rates: [bench.rates?.[0] ?? 200, bench.rates?.[0] ?? 200],
    seconds: bench.quick ? 4 : 10,
  });
  const calls = runs[1].reduce((all, run) => all + run.completed, 0) + (bench.quick ? 800 : 3000);
  const others = servers.map((roots, n) => round((cpuOf(roots) - before[n]) / calls));
  await Promise.all([alone.close(), sharing.close()]);
  const [a, b] = runs.map(costs);
  return {
    runs,
    row: {
      figure: 'CPU a call of a node that shares, of that alone (best; ratio)',
      unit: '×',
      ours: round(best(b) / best(a)),
      limit: 1.25,
      note: `${best(b)} and ${best(a)} ms; medians ${median(b)} and ${median(a)}; Redis itself ${others[0]} and PostgreSQL ${others[1]} ms a call; ${noteOf(runs)}`,
    },
  };
}

/** Kamailio with `count` nodes behind it: CPU is the nodes'. */
async function edged(bench, kit, { application, count }) {
  const common = await shared(kit);
  const nodes = [];
  for (let n = 0; n < count; n++) {
    const ports = `${20_000 + n * 20_000}-${39_999 + n * 20_000}`;
    nodes.push(await startGraine({ ...bench.server, application, ...common, edges: ['127.0.0.1'], ports }));
  }
  const places = nodes.map(({ target }) => target);
  const edge = await kit.startKamailio({ nodes: places, strangerRate: 100_000 });
  if ('missing' in edge) throw new Error(edge.missing);
  await edge.until(places);
  const roots = nodes.flatMap((node) => node.roots);
  return {
    name: `${count} behind Kamailio`,
    target: `127.0.0.1:${edge.port}`,
    roots: [...roots, edge.pid],
    cpuMs: () => cpuOf(roots),
    edgeMs: () => cpuOf([edge.pid]),
    async close() {
      await edge.remove();
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

/** Twice the rate on two: what a call costs there tells how far the rate of one goes on two for the same CPU. */
async function doubling(bench, kit, application) {
  const sides = [
    await edged(bench, kit, { application, count: 1 }),
    await edged(bench, kit, { application, count: 2 }),
  ];
  const rate = bench.rates?.[1] ?? 100;
  const before = sides.map((side) => side.edgeMs());
  const runs = await inTurn(bench, sides, { rates: [rate, 2 * rate], seconds: bench.quick ? 4 : 10 });
  const done = runs[1].reduce((all, run) => all + run.completed, 0) + 2 * rate * (bench.quick ? 4 : 15);
  const edge = round((sides[1].edgeMs() - before[1]) / done);
  await Promise.all(sides.map((side) => side.close()));
  const [one, two] = runs.map(costs);
  return {
    runs,
    row: {
      figure: `rate of two nodes behind Kamailio, of that of one, for the same CPU a node (${rate} and ${2 * rate} calls/s)`,
      unit: '×',
      ours: round((2 * best(one)) / best(two)),
      limit: 1.8,
      more: true,
      note: `${best(one)} ms a call on one, ${best(two)} on two; medians ${median(one)} and ${median(two)}; Kamailio ${edge} ms a call; ${noteOf(runs)}`,
    },
  };
}

/** From the caller's INVITE to its 200, by two phones in one process: the callee answers at once, the hook is in both. */
async function setUp(bench, server, count) {
  const phones = new Phones(server, bench.phones);
  await phones.open();
  const up = await phones.dial(count, count > 100 ? 60 : 10);
  await phones.hangUp();
  phones.close();
  return {
    server: server.name,
    failed: count - up.length,
    ms: spread(up.map((call) => call.answeredAt - call.sentAt)),
  };
}

async function anchoring(bench) {
  const hook = await startHookApp();
  const application = { call_hook: `${hook.url}/dial?to=${bench.phones.far}` };
  const rtpengine = await startRtpengine(bench.folder, [40_000, 59_999]);
  const node = async (media, name) => ({
    ...(await startGraine({ ...bench.server, application, media, ports: '20000-39999' })),
    name,
  });
  const sides = [
    await node({}, 'worker'),
    await node({ engine: 'rtpengine', rtpengine: JSON.stringify([rtpengine.place]) }, 'rtpengine'),
  ];
  for (const side of sides) await setUp(bench, side, bench.quick ? 150 : 900);
  const runs = sides.map(() => []);
  for (let turn = 0; turn < (bench.quick ? 3 : 5); turn++)
    for (const [n, side] of sides.entries()) {
      runs[n].push(await setUp(bench, side, bench.quick ? 40 : 100));
      bench.say(`${side.name}: set up in ${runs[n].at(-1).ms.p50} ms, ${runs[n].at(-1).failed} failed`);
    }
  await Promise.all(sides.map((side) => side.close()));
  await Promise.all([rtpengine.close(), hook.close()]);
  const [a, b] = runs.map((each) => each.map((run) => run.ms.p50));
  return {
    runs,
    row: {
      figure: 'call set-up through rtpengine, beyond that of a worker, p50 (best)',
      unit: 'ms',
      ours: round(best(b) - best(a)),
      limit: 1,
      note: `${best(b)} and ${best(a)} ms; medians ${median(b)} and ${median(a)}; ${runs.flat().reduce((all, run) => all + run.failed, 0)} failed`,
    },
  };
}

export async function run(bench) {
  const kit = await servers();
  if (kit.skipped !== undefined) return { rows: [], detail: kit };
  const hook = await startHookApp();
  const application = { call_hook: `${hook.url}/dial?to=${bench.callees[0]}` };
  const parts = [];
  try {
    parts.push(await sharing(bench, kit, application));
    parts.push(await doubling(bench, kit, application));
    if (bench.peers.rtpengine) parts.push(await anchoring(bench));
  } finally {
    await Promise.all([hook.close(), kit.redis.remove(), kit.postgres.remove()]);
  }
  return { rows: parts.map(({ row }) => row), detail: { runs: parts.map(({ runs }) => runs) } };
}
