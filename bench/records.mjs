// What a call record costs in PostgreSQL and in a node: written through the store a node uses.
//   node bench/records.mjs [--count 100000]
// A PostgreSQL of its own on a free loopback port (without fsync), which is gone afterwards.
import { parseArgs } from 'node:util';
import { cpuOf } from './lib/proc.mjs';

(await import('tsx/esm/api')).register();
const from = (module) => import(new URL(`../${module}.ts`, import.meta.url));
const { SystemClock, silentLog } = await from('src/base/index');
const { openStore } = await from('src/store/index');
const { startPostgres } = await from('test/kit/postgres');
const { Client } = (await import('pg')).default;

const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' } } });
const count = Number(values.count);
const postgres = await startPostgres();
if ('missing' in postgres) {
  console.error(postgres.missing);
  process.exit(2);
}
const url = await postgres.database();
const secrets = { keys: [Buffer.alloc(32, 7).toString('base64')] };
const store = await openStore(url, { clock: new SystemClock(), log: silentLog, secrets, spoolRows: 2 * count });
const client = new Client({ connectionString: url });
await client.connect();
const size = async () => Number((await client.query("select pg_total_relation_size('cdr') as n")).rows[0].n);
const row = (n) => ({
  callSid: crypto.randomUUID(),
  accountSid: `6c2f1d1e-0000-4000-8000-${String(n % 100).padStart(12, '0')}`,
  applicationSid: '6c2f1d1e-0000-4000-8000-00000000a001',
  parentCallSid: n % 2 === 0 ? undefined : crypto.randomUUID(),
  direction: n % 2 === 0 ? 'inbound' : 'outbound',
  from: '+15557650001',
  to: `+1555${String(n % 10_000_000).padStart(7, '0')}`,
  answered: true,
  sipCallId: `${crypto.randomUUID()}@10.1.2.3`,
  sipParentCallId: undefined,
  sipStatus: 200,
  duration: 180,
  attemptedAt: 1_800_000_000_000 + n,
  answeredAt: 1_800_000_001_000 + n,
  terminatedAt: 1_800_000_181_000 + n,
  terminationReason: 'caller hung up',
  terminatedBy: 'caller',
  trunk: 'carrier one',
  host: '10.0.0.7',
  remoteHost: '192.0.2.17',
  traceId: crypto.randomUUID(),
  recordingUrl: undefined,
  mos: 4.35,
  packetsLostPercent: 0.12,
  jitterMs: 3.2,
  roundTripMs: 41,
});
const before = await size();
const cpu = process.cpuUsage();
const other = cpuOf([postgres.pid]);
const at = performance.now();
for (let n = 0; n < count; n += 100) {
  for (let i = n; i < n + 100; i++) store.appendCdr(row(i));
  if (n % 5000 === 0) await store.flush();
}
await store.flush();
const { user, system } = process.cpuUsage(cpu);
const result = {
  rows: count,
  perSecond: Math.round((count * 1000) / (performance.now() - at)),
  nodeUs: Math.round((user + system) / count),
  postgresUs: Math.round(((cpuOf([postgres.pid]) - other) * 1000) / count),
  bytesOnDisk: Math.round(((await size()) - before) / count),
};
console.log(JSON.stringify(result));
await client.end();
await store.close();
await postgres.remove();
process.exit(0);
