// What a registration costs in Redis and in a node: loads bindings through the store a node uses, then looks them up at another.
//   node bench/registrations.mjs [--count 1000000] [--at-once 64] [--out bench-out]
// A Redis of its own on a free loopback port, which is gone afterwards. Latencies are those of one of `at-once` requests that
// are under way together; CPU is this process's (both nodes' part) and Redis's own.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

(await import('tsx/esm/api')).register();
const from = (module) => import(new URL(`../${module}.ts`, import.meta.url));
const { SystemClock, silentLog } = await from('src/base/index');
const { openLive } = await from('src/live/index');
const { startRedis } = await from('test/kit/redis');

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    'at-once': { type: 'string', default: '64' },
    out: { type: 'string', default: 'bench-out' },
  },
});
const count = Number(values.count);
const atOnce = Number(values['at-once']);
const realms = 1000;
const hour = 3_600_000;

const redis = await startRedis();
if ('missing' in redis) {
  console.error(redis.missing);
  process.exit(2);
}

/** Redis's own word, by plain RESP. */
async function info() {
  const socket = net.connect(redis.port, '127.0.0.1');
  socket.end('INFO\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  const read = (name) => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]);
  return {
    bytes: read('used_memory'),
    rss: read('used_memory_rss'),
    cpuMs: (read('used_cpu_sys') + read('used_cpu_user')) * 1000,
  };
}

const aorOf = (n) => `user${n}@realm${n % realms}.example.test`;
const bindingOf = (n, node, now) => ({
  aor: aorOf(n),
  accountSid: `account-${n % realms}`,
  clientSid: `client-${n}`,
  contact: `sip:user${n}@10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}:5060;transport=udp`,
  transport: 'udp',
  address: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
  port: 5060,
  node,
  path: [],
  callId: `${n.toString(36)}-call@phone`,
  cseq: 1,
  q: 1,
  userAgent: 'Bench phone 1.0',
  registeredAt: now,
  expiresAt: now + hour,
});

/** Runs `work` for each n of a range, so many at once; latencies of one in a hundred. */
async function all(first, end, work) {
  const took = [];
  let next = first;
  const one = async () => {
    while (next < end) {
      const n = next++;
      const at = performance.now();
      await work(n);
      if (n % 100 === 0) took.push(performance.now() - at);
    }
  };
  const before = { at: performance.now(), cpu: process.cpuUsage(), redis: await info() };
  await Promise.all(Array.from({ length: atOnce }, one));
  const cpu = process.cpuUsage(before.cpu);
  const done = end - first;
  took.sort((a, b) => a - b);
  const at = (share) => Number(took[Math.min(took.length - 1, Math.floor(took.length * share))]?.toFixed(2));
  const after = await info();
  return {
    done,
    perSecond: Math.round((done * 1000) / (performance.now() - before.at)),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    nodeUs: Number(((cpu.user + cpu.system) / done).toFixed(1)),
    redisUs: Number((((after.cpuMs - before.redis.cpuMs) * 1000) / done).toFixed(1)),
    redisBytes: Math.round((after.bytes - before.redis.bytes) / done),
    redisMiB: Math.round(after.bytes / 1048576),
    redisRssMiB: Math.round(after.rss / 1048576),
    nodeRssMiB: Math.round(process.memoryUsage().rss / 1048576),
  };
}

/** A busy machine may lose sight of Redis for a moment; what was bound meanwhile is told afterwards. That is waited for, and
 * said: nothing else here would let the process breathe. */
async function inSight(live) {
  if (live.stats().up && live.stats().waiting === 0) return;
  outages++;
  while (!live.stats().up || live.stats().waiting > 0) await pause(50);
}
let outages = 0;

const clock = new SystemClock();
const limits = { contacts: 2 * count, contactsPerAor: 20 };
const open = (node) => openLive(redis.url, { clock, log: silentLog, node, limits });
const [a, b] = [await open('bench-a'), await open('bench-b')];
const rows = [];
const say = (what, row) => {
  rows.push({ what, ...row });
  console.log(what.padEnd(44), JSON.stringify(row));
};
try {
  for (let from = 0; from < count; from = Math.min(count, Math.max(1, from * 10, count / 100))) {
    const end = Math.min(count, Math.max(count / 100, from * 10));
    say(
      `bind ${from} to ${end}`,
      await all(from, end, async (n) => {
        await a.bind(bindingOf(n, 'bench-a', clock.now()));
        await inSight(a);
      }),
    );
  }
  const far = (n) => (n * 7919) % count;
  let wrong = 0;
  await inSight(b);
  const looked = await all(0, Math.min(count, 50_000), async (n) => {
    const found = await b.bindings(aorOf(far(n)));
    if (found.length !== 1 || found[0].aor !== aorOf(far(n))) wrong++;
  });
  say('look up at the other node', { ...looked, wrong });
  say(
    'refresh',
    await all(0, Math.min(count, 50_000), (n) => a.bind({ ...bindingOf(far(n), 'bench-a', clock.now()), cseq: 2 })),
  );
  say('registered(), as /metrics asks', await all(0, 100, () => b.registered()));
  const at = performance.now();
  const ofOne = await b.bindingsOf('account-7');
  say('bindingsOf() one account', { contacts: ofOne.length, ms: Math.round(performance.now() - at) });
  if (wrong > 0 || (await b.registered()) !== count)
    throw new Error(`wrong answers: ${wrong}, ${await b.registered()} registered`);
} finally {
  await a.close();
  await b.close();
  await redis.remove();
}
fs.mkdirSync(values.out, { recursive: true });
const machine = { cores: os.availableParallelism(), cpu: os.cpus()[0]?.model, node: process.version };
const file = path.join(values.out, 'registrations.json');
fs.writeFileSync(file, `${JSON.stringify({ machine, count, atOnce, outages, rows }, undefined, 2)}\n`);
console.log(`Written: ${file}; Redis was out of sight ${outages} times`);
process.exit(0);
