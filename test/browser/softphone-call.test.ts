// The portal's softphone in real browsers: two people signed in call each other through a dial, and each hears the other.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { dial, phones, realm, type World } from '../kit/index.ts';
import { adaAndGrace, softphoneStage, startSoftphones, withPhones } from './softphone-stage.ts';

const equipment = await startSoftphones();
const story = softphoneStage(equipment);
afterAll(() => equipment.browser.close());

const at = (w: World) => ({ browser: equipment.browser, url: w.graine.http.url });
/** Rings the user that was called. */
const ringsWhoIsCalled = (w: World, more = {}): void =>
  w.app.answers(({ body }) => dial([{ type: 'user', name: String(body['to']) }], { answerOnBridge: true, ...more }));

story('two people signed in talk through a dial, each hears the other’s tone, and one hangs up', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.says('calls you');
    await grace.says('Ada');
    await ada.says('Ringing');
    await grace.button('Accept').click();
    await Promise.all([ada.says('Talking'), grace.says('Talking')]);
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await ada.button('Hang up').click();
    await grace.says('Ada hung up');
    await ada.says('The call with grace is over');
  });
  await w.next('/action');
});

story('who is called may decline: the caller is told, and the application too', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.button('Decline').click();
    await grace.says('You declined Ada');
    await ada.says(/grace: declined \(603\)/);
  });
  assert.equal((await w.next('/action')).body['dial_sip_status'], 603);
});

story('who calls may give up while it rings', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.says('calls you');
    await ada.button('Give up').click();
    await grace.says('Missed call of Ada');
    await ada.says('You gave up calling grace');
  });
  await w.next('/action');
});

story('keys pressed in the panel and typed on the keyboard reach the application', async (w) => {
  ringsWhoIsCalled(w, { dtmfCapture: ['4#2'], dtmfHook: '/dtmf' });
  w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
  await w.register('bob');
  await withPhones(at(w), [{ email: 'ada', hz: 500 }], async (ada) => {
    await ada.call('bob');
    await ada.hears(620);
    await ada.button('4').click();
    await ada.page.keyboard.press('#');
    await ada.page.keyboard.press('2');
    assert.equal((await w.next('/dtmf')).body['dtmf'], '4#2');
    assert.equal(await ada.panel.getByLabel('Keys pressed').innerText(), '4#2');
    await ada.button('Hang up').click();
  });
  await w.next('/action');
  await w.phone('bob').register(w.serverFor('bob'), { username: 'bob', password: 'secret', realm, expires: 0 });
});

story('muted is not heard, held is told to the other side and hears nothing, and both come back', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.button('Accept').click();
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await ada.button('Mute').click();
    assert.equal(await ada.button('Mute').getAttribute('aria-pressed'), 'true');
    await grace.hearsNothing();
    await ada.button('Mute').click();
    await grace.hears(500);
    await ada.button('Hold').click();
    await ada.says('On hold');
    await grace.hearsNothing();
    await ada.button('Hold').click();
    await ada.says('Talking');
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await grace.button('Hang up').click();
    await ada.says('grace hung up');
  });
  await w.next('/action');
});

story('a call is handed on: the other party talks to the third, and the panel is free again', async (w) => {
  ringsWhoIsCalled(w, { referHook: '/refer' });
  w.app.on('/refer', ({ body }) => dial([{ type: 'user', name: String(body['refer_details'].refer_to_user) }]));
  w.phone('desk').onInvite = phones.answersAfter(300, { tone: 880 });
  await w.register('desk', 'carol');
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.button('Accept').click();
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await grace.panel.getByRole('textbox', { name: 'Transfer to' }).fill('carol');
    await grace.button('Transfer').click();
    await ada.hears(880);
    await (await w.phone('desk').nextCall()).hears(500);
    await grace.panel.getByRole('textbox', { name: 'Call' }).waitFor();
    await ada.button('Hang up').click();
  });
  await w.phone('desk').register(w.serverFor('desk'), { username: 'carol', password: 'secret', realm, expires: 0 });
});

story('without a referHook the transfer is refused in words, and the call goes on', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.button('Accept').click();
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await ada.panel.getByRole('textbox', { name: 'Transfer to' }).fill('carol');
    await ada.button('Transfer').click();
    await ada.says(/Not transferred to carol.*referHook/);
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await ada.button('Hang up').click();
    await grace.says('Ada hung up');
  });
  await w.next('/action');
});
