// What sharing costs: CPU of the server for a call of two seconds with a dial, two status hooks a leg and an actionHook, with all in
// memory and with Redis (standing calls in it) and PostgreSQL. Medians of rounds in turn. Loopback only; asserts nothing.
//   node --import tsx bench/shared-cost.mjs [--calls 200] [--rounds 5] [--rate 10]
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { after, at, GraineProcess, HookApp, Phone, phones, realm, startRedis } from '../test/kit/index.ts';
import { startPostgres } from '../test/kit/postgres.ts';
import { median, round } from './lib/numbers.mjs';
import { cpuOf } from './lib/proc.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '10' },
  },
});
const [calls, rounds, rate] = [values.calls, values.rounds, values.rate].map(Number);

const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
for (const each of [redis, postgres]) if ('missing' in each) throw new Error(each.missing);
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-cost-'));
const app = await HookApp.start();
const alice = await Phone.listen({ name: 'alice', remembers: false });
const desk = await Phone.listen({ name: 'desk', remembers: false });
desk.onInvite = phones.answersAfter(5);
app.answers([
  { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true },
]);
const gateways = [{ host: '127.0.0.1', port: alice.port, inbound: true, outbound: false }];
const account = {
  name: 'kit',
  webhook_secret: 'whsec_kit',
  sip_realm: realm,
  applications: [{ name: 'main', call_hook: app.url('/call'), call_status_hook: app.url('/status') }],
  carriers: [{ name: 'origin', application: 'main', gateways }],
};
const common = { accounts: [account], log: { level: 'warn' }, hooks: { timeout_seconds: 20 } };
const shared = {
  store: { url: await postgres.database(), key_file: path.join(folder, 'secret.key') },
  live: { url: redis.url },
};
const servers = {
  memory: await GraineProcess.start({ ...common, media: { ports: '40000-43999' } }),
  shared: await GraineProcess.start({ ...common, ...shared, media: { ports: '44000-47999' } }),
};

async function call(server) {
  const one = alice.invites(at('100', server.sip), { from: '+15557650001' });
  await one.answered();
  await after(2000);
  await one.hangsUp();
}

/** CPU of the process for each call, ms; what it needs when idle is taken off. */
async function measure(server) {
  const idleFrom = cpuOf([server.pid]);
  await after(2000);
  const idle = (cpuOf([server.pid]) - idleFrom) / 2;
  const [cpu, began] = [cpuOf([server.pid]), performance.now()];
  const all = [];
  for (let n = 0; n < calls; n++) {
    all.push(call(server));
    await after(1000 / rate);
  }
  await Promise.all(all);
  await after(1000);
  const seconds = (performance.now() - began) / 1000;
  return (cpuOf([server.pid]) - cpu - idle * seconds) / calls;
}

const found = { memory: [], shared: [] };
for (const server of Object.values(servers)) await measure(server);
for (let n = 0; n < rounds; n++)
  for (const name of Object.keys(servers)) found[name].push(await measure(servers[name]));
const [alone, together] = [median(found.memory), median(found.shared)];
console.log(`CPU a call, ms (median of ${rounds} rounds of ${calls} calls at ${rate} a second)`);
for (const [name, list] of Object.entries(found))
  console.log(`  ${name.padEnd(8)} ${round(median(list), 2)}   (${list.map((each) => round(each, 2)).join(', ')})`);
console.log(`  more with Redis and PostgreSQL: ${round((together / alone - 1) * 100, 1)} %`);
await Promise.all(Object.values(servers).map((each) => each.close()));
await Promise.all([app.close(), alice.close(), desk.close(), redis.remove(), postgres.remove()]);
rmSync(folder, { recursive: true, force: true });
process.exit(0);
