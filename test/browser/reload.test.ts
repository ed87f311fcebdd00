// A page is closed or loaded anew while it rings and while it talks: nobody waits for it, and it may be called again at once.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { after, dial, elsewhere, phones, toUser, type World } from '../kit/index.ts';
import { browserStage, startBrowser } from './browser-stage.ts';

const equipment = await startBrowser();
const { story, open } = browserStage(equipment);
afterAll(() => equipment.browser.close());

story('a user’s browser and phone both ring, each in its own kind of SDP; who answers is heard', async (w: World) => {
  const tab = await open('carol', 500);
  await w.register('bob', 'carol');
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
  const call = w.calls();
  const rung = await w.phone('bob').nextCall();
  rung.rings();
  assert.match(rung.invite.body.toString(), /m=audio \d+ RTP\/AVP/);
  await tab.sees(/invited/);
  await tab.does('answer');
  await call.answered();
  assert.match((await rung.cancelled())?.get('reason') ?? '', elsewhere);
  await Promise.all([tab.hears(440), call.hears(500)]);
  await call.hangsUp();
  await tab.sees(/ended remote/);
  await tab.close();
});

story('a phone that answers first ends the ringing in the browser', async (w: World) => {
  const tab = await open('carol', 500);
  await w.register('bob', 'carol');
  w.phone('bob').onInvite = phones.answersAfter(400, { tone: 620 });
  w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
  const call = w.calls();
  await tab.sees(/invited/);
  await call.answered();
  await call.hears(620);
  await tab.sees(/failed remote/);
  await call.hangsUp();
  await tab.close();
});

story(
  'a page that is reloaded while it rings fails its branch at once; the user’s phone rings on',
  async (w: World) => {
    const tab = await open('carol', 500);
    await w.register('bob', 'carol');
    w.app.answers(dial([toUser('carol')], { answerOnBridge: true }));
    const call = w.calls();
    const rung = await w.phone('bob').nextCall();
    rung.rings();
    await tab.sees(/invited/);
    await tab.reload();
    await rung.answers();
    rung.speaks(620);
    await call.answered();
    await call.hears(620);
    await call.hangsUp();
    await tab.close();
  },
);

story('alone, its call ends with 480 in no time, and the new page can be called', async (w: World) => {
  const tab = await open('dave', 500);
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const first = w.calls();
  await tab.sees(/invited/);
  await tab.reload();
  assert.equal((await first.refused()).status, 480);
  assert.equal((await w.next('/action')).body['dial_sip_status'], 480);
  w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
  const second = w.calls();
  await tab.sees(/invited/);
  await tab.does('answer');
  await second.answered();
  await Promise.all([tab.hears(440), second.hears(500)]);
  await second.hangsUp();
  await tab.close();
});

story(
  'a page that is reloaded while it talks ends its leg within seconds; the caller and the hooks are told',
  async (w: World) => {
    const tab = await open('dave', 500);
    w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
    const call = w.calls();
    await tab.sees(/invited/);
    await tab.does('answer');
    await call.answered();
    await Promise.all([tab.hears(440), call.hears(500)]);
    await tab.reload();
    const { body } = await w.next('/action', 8000);
    assert.equal(body['dial_call_status'], 'completed');
    w.app.answers(dial([toUser('dave')], { answerOnBridge: true }));
    await after(0);
    const again = w.calls();
    await tab.sees(/invited/);
    await tab.does('answer');
    await again.answered();
    await Promise.all([tab.hears(440), again.hears(500)]);
    await again.hangsUp();
    await tab.close();
  },
);
