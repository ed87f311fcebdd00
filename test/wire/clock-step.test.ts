// The wall clock is set forward and back an hour while calls stand and phones are registered: no timer fires for it, nobody
// is forgotten, nothing is billed for it. attacks.md G, "clock step".
import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import { dial, phones, realm, stage, toUser } from '../kit/index.ts';

const story = stage({ phones: ['bob', 'carol'] });
const hour = 3_600_000;

// The server runs in this process, and base/clock.ts is the only place that asks for the wall time.
const real = Date.now;
const step = (ms: number): void => {
  Date.now = () => real() + ms;
};
beforeEach(() => {
  Date.now = real;
});
afterEach(() => {
  Date.now = real;
});

for (const [title, ms] of [
  ['forward', hour],
  ['back', -hour],
] as const)
  story(
    `the clock goes ${title} an hour: calls stand, phones stay registered, the call is as long as it was`,
    async (w) => {
      await w.register('bob');
      w.phone('bob').onInvite = phones.answersAfter(5, { tone: 620 });
      w.app.answers(dial([toUser('bob')], { answerOnBridge: true, timeout: 30, timeLimit: 600 }));
      const call = w.calls();
      await call.hears(620);
      const bob = await w.phone('bob').nextCall();
      step(ms);
      await Promise.all([call.hears(620), bob.hears(440)]);

      // Bob is still there, and rings as long as he is told to: the ring timeout is not due.
      w.phone('bob').onInvite = phones.ringsForEver();
      const second = w.calls();
      await second.rings();
      const ringing = await w.phone('bob').nextCall(1);
      step(0);
      await call.hears(620);
      await ringing.answers();
      await second.answered();

      // A nonce of before and one of after are as good as ever.
      step(ms);
      await w.register('carol');
      const listed = JSON.stringify((await w.account('GET', '/RegisteredSipUsers')).body);
      assert.match(listed, new RegExp(`bob@${realm}`));
      assert.match(listed, new RegExp(`carol@${realm}`));
      await second.hangsUp();
      await call.hangsUp();
      const { body } = await w.next('/action');
      await w.next('/action');
      assert.ok(body['dial_duration'] >= 0 && body['dial_duration'] < 60, `dial_duration ${body['dial_duration']}`);
      step(0);
      const rows = await w.eventually('four rows', async () => {
        const found = (await w.account('GET', '/RecentCalls?page=1&count=50&days=1')).body.data as {
          duration: number;
        }[];
        return found.length >= 4 && found;
      });
      for (const row of rows) assert.ok(row.duration >= 0 && row.duration < 60, JSON.stringify(row));
      for (const name of ['bob', 'carol']) {
        const answer = await w.phone(name).unregister(w.graine.sip, { username: name, password: 'secret', realm });
        assert.equal(answer.status, 200);
      }
    },
  );
