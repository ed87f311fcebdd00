// A trunk that comes and goes by its OPTIONS while calls are placed: every call gets through, the one that stands is not
// touched, and the trunk is used again when it is back. attacks.md G, "trunk flapping"; decisions.md, "Carriers".
import assert from 'node:assert/strict';
import { dial, phones, stage, toPhone, type World } from '../kit/index.ts';

const story = stage({
  phones: ['first', 'second'],
  config: { sip: { options_ping_seconds: 1 } },
  account: (w) => ({
    carriers: [
      w.origin(),
      {
        name: 'acme',
        gateways: [w.gateway('first', { priority: 1, send_options_ping: true }), w.gateway('second', { priority: 2 })],
      },
    ],
  }),
});

/** Places a call and says which gateway took it. */
async function taken(w: World): Promise<'first' | 'second'> {
  const before = w.phone('first').calls.entries.length;
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  return w.phone('first').calls.entries.length > before ? 'first' : 'second';
}

story('the gateway goes and comes three times: no call is lost, the standing one talks on', async (w) => {
  w.app.answers(dial([toPhone({ trunk: 'acme' })], { answerOnBridge: true, timeout: 10 }));
  for (const name of ['first', 'second']) w.phone(name).onInvite = phones.answersAfter(5, { tone: 620 });
  const standing = w.calls();
  await standing.hears(620);
  const desk = await w.phone('first').nextCall();
  for (let flap = 0; flap < 3; flap++) {
    w.phone('first').optionsStatus = 503;
    await w.eventually('calls go the other way', async () => (await taken(w)) === 'second');
    await Promise.all([standing.hears(620), desk.hears(440)]);
    w.phone('first').optionsStatus = 200;
    await w.eventually('calls go the first way again', async () => (await taken(w)) === 'first');
  }
  assert.equal((await standing.hangsUp()).status, 200);
  await desk.byed();
});
