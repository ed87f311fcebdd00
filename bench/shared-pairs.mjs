// What sharing costs, on a machine that is busy: a node alone and one with Redis and PostgreSQL under the same load at the same
// time, and with --before (a built copy) the one that shares as it was. SIPp calls; CPU of all threads of each server, commands
// and bytes to Redis. Loopback only; asserts nothing.
//   node bench/shared-pairs.mjs [--before /other/graine] [--rate 60] [--seconds 10] [--rounds 8] [--warm 25] [--hold 0]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stopAll } from './lib/children.mjs';
import { median, round, sleep } from './lib/numbers.mjs';
import { freePorts } from './lib/ports.mjs';
import { threadsOf } from './lib/proc.mjs';
import { startGraine, startHookApp } from './lib/server.mjs';
import { dirt, Sipp } from './lib/sipp.mjs';

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    rate: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '8' },
    warm: { type: 'string', default: '25' },
    hold: { type: 'string', default: '0' },
  },
});
const [rate, seconds, rounds, warm, hold] = ['rate', 'seconds', 'rounds', 'warm', 'hold'].map((key) =>
  Number(values[key]),
);
(await import('tsx/esm/api')).register();
const { startRedis } = await import('../test/kit/redis.ts');
const { startPostgres } = await import('../test/kit/postgres.ts');
const postgres = await startPostgres();
if ('missing' in postgres) throw new Error(postgres.missing);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'graine-pairs-'));
const hook = await startHookApp();
const names = ['alone', 'sharing', ...(values.before === undefined ? [] : ['sharing, before'])];
const callers = await freePorts(names.length);
const callees = await freePorts(names.length);

async function side(name, n) {
  const redis = name === 'alone' ? undefined : await startRedis();
  if (redis !== undefined && 'missing' in redis) throw new Error(redis.missing);
  const shared = redis && {
    store: { url: await postgres.database() },
    parts: [`live: ${JSON.stringify({ url: redis.url })}`],
    env: { GRAINE_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') },
  };
  const server = await startGraine({
    folder,
    callers: [callers[n]],
    application: { call_hook: `${hook.url}/dial?to=${callees[n]}` },
    ports: `${20_000 + n * 10_000}-${29_999 + n * 10_000}`,
    ...(name === 'sharing, before' ? { entry: path.join(values.before, 'bin/graine') } : {}),
    ...shared,
  });
  return { name, server, redis, caller: callers[n], callee: callees[n] };
}

const sides = [];
for (const [n, name] of names.entries()) sides.push(await side(name, n));

const ms = ({ server }) => threadsOf(server.pid).reduce((sum, each) => sum + each.ms, 0);

/** CPU a call of each, ms; undefined where calls were lost. */
async function turn(long) {
  const far = [];
  for (const { callee } of sides)
    far.push(await Sipp.start({ port: callee, scenario: 'callee', folder, core: '0', options: ['-d', hold] }));
  await sleep(400);
  const before = sides.map(ms);
  const near = [];
  const load = ['-r', rate, '-m', rate * long, '-d', hold, '-l', 8_000, '-key', 'prefix', '1'];
  for (const { caller, server } of sides)
    near.push(
      await Sipp.start({ scenario: 'caller', port: caller, target: server.target, folder, core: '0', options: load }),
    );
  await Promise.race([Promise.all(near.map((each) => each.ended)), sleep((long + 15) * 1_000 + hold)]);
  await sleep(500);
  const after = sides.map(ms);
  await Promise.all([...near, ...far].map((each) => each.stop()));
  return near.map((each, n) => {
    const books = each.books();
    const lost = rate * long - books.completed > rate * long * 0.01;
    return { cost: lost ? undefined : (after[n] - before[n]) / books.completed, dirt: dirt(books) };
  });
}

/** Commands that the node sent, and their bytes, so far. */
function sentTo(redis) {
  const said = execFileSync('redis-cli', ['-u', redis.url, 'info', 'everything']).toString();
  const number = (pattern) => Number(pattern.exec(said)?.[1] ?? 0);
  return { scripts: number(/cmdstat_evalsha:calls=(\d+)/), bytes: number(/total_net_input_bytes:(\d+)/) };
}

await turn(warm);
const sent = sides.map(({ redis }) => redis && sentTo(redis));
const found = [];
for (let n = 0; n < rounds; n++) {
  const each = await turn(seconds);
  found.push(each);
  console.log(
    each
      .map(({ cost, dirt: resent }, i) => `${names[i]} ${cost === undefined ? 'lost calls' : round(cost)} (${resent})`)
      .join(', '),
  );
}
console.log(`CPU a call, ms: median of ${rounds} rounds at ${rate} calls/s each, at once; beside the one alone`);
for (const [i, { name, redis }] of sides.entries()) {
  const whole = found.filter((each) => each[i].cost !== undefined && each[0].cost !== undefined);
  const ratio = median(whole.map((each) => each[i].cost / each[0].cost));
  console.log(`  ${name}: ${round(median(whole.map((each) => each[i].cost)))}, × ${round(ratio)}`);
  if (redis === undefined) continue;
  const [now, calls] = [sentTo(redis), rate * seconds * rounds];
  const [scripts, bytes] = [now.scripts - sent[i].scripts, now.bytes - sent[i].bytes];
  console.log(
    `    to Redis, heartbeats included: ${round(scripts / calls)} commands, ${Math.round(bytes / calls)} bytes`,
  );
}
for (const { server, redis } of sides) {
  await server.close();
  await redis?.remove();
}
await Promise.all([hook.close(), postgres.remove()]);
stopAll();
fs.rmSync(folder, { recursive: true, force: true });
process.exit(0);
