// What an upgrade or the death of a node costs those who talk: two nodes, Redis, PostgreSQL and rtpengine, all real and local.
//   node --import tsx bench/hand-over.mjs [--calls 500] [--kill]
// SIGTERM (--kill: kill -9) to the node that has all calls. Loopback only; asserts nothing.
import { parseArgs } from 'node:util';
import { Cluster, lostSince, removeServers, startServers } from '../test/kit/cluster.ts';
import { after, phones } from '../test/kit/index.ts';
import { percentile, round } from './lib/numbers.mjs';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '500' }, kill: { type: 'boolean', default: false } },
});
const count = Number(values.calls);
/** Calls that send audio all the time; the others only until rtpengine carries them alone. */
const speaking = Math.min(20, count);

const servers = await startServers({ ports: [41_100, 41_100 + count * 38] });
if ('missing' in servers) throw new Error(servers.missing);
const cluster = await Cluster.start({
  servers,
  ports: [33_000, count * 8],
  config: { shutdown: { hand_over: true }, calls: { overload: { enabled: false } } },
});
const { app, desk } = cluster;
const [from, to] = cluster.nodes;
desk.onInvite = phones.answersAfter(5, { tone: 620 });
app.answers([
  { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true },
]);

const legs = [];
for (let n = 0; n < count; n++) {
  const call = cluster.calls(from.sip, 440);
  await call.answered();
  const callee = await desk.nextCall(n);
  legs.push(call, callee);
  if (n < speaking) continue;
  await after(120);
  for (const each of [call, callee]) setTimeout(() => each.media?.stop(), 1000);
}
await after(3000);

const isRefresh = ({ isRequest, method, cseq }) => isRequest && /UPDATE|INVITE/.test(method) && cseq > 1000;
const at = performance.now();
const told = legs.map((leg) => leg.gets(isRefresh, { within: 30_000 }).then(() => performance.now() - at));
const ended = (values.kill ? from.killed() : from.terminated()).then(() => performance.now() - at);
const times = (await Promise.allSettled(told)).map((each) => each.value);
const gone = await ended;
await after(1000);

const lost = legs.slice(0, 2 * speaking).map((leg) => lostSince(leg, at - 500));
const account = await cluster.accountSid(to);
const standing = (await to.rest(`/v1/Accounts/${account}/Calls`)).body.length;
let answered = 0;
for (let n = 0; n < count; n++) {
  const { status } = await legs[2 * n].hangsUp();
  await legs[2 * n + 1].byed();
  if (status === 200) answered++;
}
await after(1000);
const known = times.filter((each) => each !== undefined);
console.log(`${values.kill ? 'kill -9' : 'SIGTERM'} of a node with ${count} calls`);
console.log(`  legs that learned the other node    ${known.length} of ${legs.length}`);
console.log(
  `  after, ms (median, 95 %, most)      ${[50, 95, 100].map((p) => round(percentile(known, p), 0)).join(', ')}`,
);
console.log(`  the process was gone after, ms      ${round(gone, 0)}`);
console.log(`  legs that stand at the other node   ${standing}`);
console.log(`  packets lost, ${2 * speaking} legs that spoke   ${lost.reduce((sum, each) => sum + each, 0)}`);
console.log(`  BYEs answered 200 by the other node ${answered}`);
console.log(`  actionHooks                         ${app.all('/dialled').length}`);
console.log(`  final statuses                      ${cluster.finals().length}`);
await cluster.close();
await removeServers(servers);
process.exit(0);
