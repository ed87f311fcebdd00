// What writing a standing call down costs the node's main thread: the snapshot of a real dialled call is made into text, sealed
// and sent to Redis, and the call dropped again. CPU of this process, medians of rounds. Loopback only; asserts nothing.
//   node --import tsx bench/standing-cost.mjs [--calls 2000] [--rounds 7]
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { silentLog, SystemClock } from '../src/base/index.ts';
import { openLive, openSharedStanding } from '../src/live/index.ts';
import { Sealer } from '../src/store/sealer.ts';
import { accountOf, after, at, GraineProcess, HookApp, Phone, phones, startRedis } from '../test/kit/index.ts';
import { median, round } from './lib/numbers.mjs';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '2000' }, rounds: { type: 'string', default: '7' } },
});
const [calls, rounds] = [values.calls, values.rounds].map(Number);

const key = Buffer.alloc(32, 7);
process.env.GRAINE_SECRET_KEY = key.toString('base64');
const sealer = new Sealer([key], 'nowhere');

/** As the journal of a single node has it. */
async function snapshotOfACall() {
  const app = await HookApp.start();
  const alice = await Phone.listen({ name: 'alice' });
  const desk = await Phone.listen({ name: 'desk' });
  desk.onInvite = phones.answersAfter(5, { tone: 620 });
  app.answers([
    { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true },
  ]);
  const graine = await GraineProcess.start({
    store: { url: 'file:./data' },
    media: { ports: '48000-48199' },
    accounts: [accountOf(app, alice)],
  });
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001' });
  await call.hears(620);
  await after(1500);
  const folder = path.join(graine.folder, 'data', 'standing');
  const lines = readdirSync(folder).flatMap((file) => readFileSync(path.join(folder, file), 'utf8').split('\n'));
  const kept = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  await call.hangsUp();
  for (const each of [graine, app, alice, desk]) await each.close();
  const written = kept.filter(([, snapshot]) => snapshot !== undefined);
  console.log(`a dialled call of two seconds is written ${written.length} times`);
  const [sid, sealed] = written.at(-1);
  return sealer.open({ kind: 'standing', sid }, sealed.slice(sealed.indexOf(' ') + 1));
}

const redis = await startRedis();
if ('missing' in redis) throw new Error(redis.missing);
const snapshot = JSON.parse(await snapshotOfACall());
const clock = new SystemClock();
const live = await openLive(redis.url, { clock, log: silentLog, node: 'bench' });
const standing = await openSharedStanding({ url: redis.url, members: live.members, sealer, clock, log: silentLog });

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function round1(write) {
  const from = cpu();
  for (let n = 0; n < calls; n++) {
    write(`s${n}`);
    // As they come: a few in a batch, and answers read between them.
    if (n % 5 === 4) await after(1);
  }
  return (cpu() - from) / calls;
}

const found = { nothing: [], 'as text': [], kept: [], dropped: [] };
for (let n = 0; n <= rounds; n++) {
  const each = [
    await round1(() => {}),
    await round1(() => JSON.stringify(snapshot)),
    // Each by itself, as with few calls a second: what many at once cost together is less.
    await round1((sid) => {
      standing.keep(sid, JSON.stringify(snapshot), ['tag1', 'tag2']);
      void standing.settled(sid);
    }),
    await round1((sid) => standing.drop(sid)),
  ];
  if (n > 0) Object.keys(found).forEach((name, i) => found[name].push(each[i]));
}
console.log(
  `a snapshot has ${JSON.stringify(snapshot).length} characters; CPU a call, µs (median of ${rounds} rounds of ${calls})`,
);
for (const [name, list] of Object.entries(found)) console.log(`  ${name.padEnd(18)} ${round(median(list), 1)}`);
await standing.close();
await live.close();
await redis.remove();
process.exit(0);
