// How long those who talk hear nothing when a single node is killed (kill -9) and started again at once, as a service manager
// does: the whole server as it is built, a store on disk, embedded media. Loopback only; asserts nothing.
//   node --import tsx bench/restart.mjs [--calls 10] [--runs 5] [--source]
// --source: from the sources by tsx instead, as the wire stories do.
import { parseArgs } from 'node:util';
import { accountOf, after, at, GraineProcess, HookApp, Phone, phones } from '../test/kit/index.ts';
import { median, round } from './lib/numbers.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10' },
    runs: { type: 'string', default: '5' },
    source: { type: 'boolean', default: false },
  },
});
const count = Number(values.calls);
const app = await HookApp.start();
const alice = await Phone.listen({ name: 'alice' });
const desk = await Phone.listen({ name: 'desk' });
desk.onInvite = phones.answersAfter(5, { tone: 620 });
app.answers([{ verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], answerOnBridge: true }]);
const graine = await GraineProcess.start(
  { store: { url: 'file:./data' }, accounts: [accountOf(app, alice)] },
  [],
  values.source ? 'source' : 'built',
);

const legs = [];
for (let n = 0; n < count; n++) {
  const call = alice.invites(at('100', graine.sip), { from: '+15557650001', tone: 440 });
  await call.answered();
  legs.push(call, await desk.nextCall(n));
}

/** The longest silence of a leg since then, ms. */
function gapOf({ media }, since) {
  const times = media.ears.packets.entries.map((packet) => packet.at).filter((when) => when >= since);
  return Math.max(...times.slice(1).map((when, index) => when - times[index]));
}

const medians = [];
const readies = [];
for (let run = 0; run < Number(values.runs); run++) {
  await after(1500);
  const since = performance.now() - 500;
  await graine.killed();
  const begun = performance.now();
  await graine.up();
  readies.push(performance.now() - begun);
  await after(1000);
  const gaps = legs.map((leg) => gapOf(leg, since));
  medians.push(median(gaps));
  console.log(
    `  silence of ${legs.length} legs, ms: median ${round(median(gaps), 0)}, worst ${round(Math.max(...gaps), 0)}; ready after ${round(readies.at(-1), 0)}`,
  );
}
console.log(
  `median of ${medians.length} runs: silence ${round(median(medians), 0)} ms, ready after ${round(median(readies), 0)} ms`,
);
await graine.close();
await Promise.all([app, alice, desk].map((each) => each.close()));
process.exit(0);
