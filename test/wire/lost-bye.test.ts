// The BYE that gets lost: sent again until it is answered, given up in the end; the other side of the call does not wait for
// it, and nothing stays. attacks.md G, "BYE lost"; RFC 3261 §15.1.1, §17.1.2.
import assert from 'node:assert/strict';
import {
  after,
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

const story = stage({ phones: ['desk'] });

/** A call that talks; the callee does not see the first so many BYEs. */
async function standing(
  w: World,
  lost: number,
): Promise<{ call: OutgoingPhoneCall; desk: IncomingPhoneCall; byes: () => number }> {
  w.phone('desk').onInvite = phones.answersAfter(5, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const desk = await w.phone('desk').nextCall();
  await desk.acknowledged();
  let byes = 0;
  const takes = desk.takes.bind(desk);
  desk.takes = (request, peer) => {
    if (request.method === 'BYE' && ++byes <= lost) return;
    takes(request, peer);
  };
  return { call, desk, byes: () => byes };
}

story(
  'our BYE is lost twice: it is sent again until the callee answers, the call is over at once for the caller',
  async (w) => {
    const { call, desk, byes } = await standing(w, 2);
    assert.equal((await call.hangsUp()).status, 200);
    await desk.byed();
    assert.equal(byes(), 3);
    const { body } = await w.next('/action');
    assert.equal(body['dial_call_status'], 'completed');
  },
);

story(
  'a callee who never answers our BYE: hook, statuses and records come all the same, nothing waits for him',
  async (w) => {
    const before = (await w.account('GET', '/RecentCalls?page=1&count=50&days=1')).body.total as number;
    const { call, byes } = await standing(w, Infinity);
    assert.equal((await call.hangsUp()).status, 200);
    const { body } = await w.next('/action');
    assert.equal(body['dial_call_status'], 'completed');
    await w.eventually('the row of each leg', async () => {
      const { total } = (await w.account('GET', '/RecentCalls?page=1&count=50&days=1')).body as { total: number };
      return total === before + 2;
    });
    // The dialog alone stays until its BYE is given up, 64·T1 after the first.
    let { dialogs } = await w.graine.leaks();
    assert.equal(dialogs, 1);
    for (const end = performance.now() + 45_000; dialogs > 0 && performance.now() < end; await after(100))
      ({ dialogs } = await w.graine.leaks());
    assert.equal(dialogs, 0, 'the dialog is still there');
    assert.ok(byes() > 5, `${byes()} BYEs`);
  },
);

story('a caller’s BYE comes twice, its 200 was lost: answered twice, ended once', async (w) => {
  const { call } = await standing(w, 0);
  const [first, second] = await Promise.all([call.hangsUp(), call.hangsUp()]);
  assert.deepEqual([first.status, [200, 481].includes(second.status)], [200, true]);
  await w.next('/action');
  await w.eventually('both legs are over', () => w.idle());
  const finals = w.app.all('/status').filter((request) => request.body['call_status'] === 'completed');
  assert.equal(finals.length, 2, 'one final status a leg');
});
