// The portal's softphone in real browsers: two people signed in call each other through a dial, and each hears the other.
import { after as afterAll } from 'node:test';
import { dial, type World } from '../kit/index.ts';
import { softphoneStage, startSoftphones, withPhones } from './softphone-stage.ts';

const equipment = await startSoftphones();
const story = softphoneStage(equipment);
afterAll(() => equipment.browser.close());

const at = (w: World) => ({ browser: equipment.browser, url: w.graine.http.url });
/** Rings the user that was called. */
const ringsWhoIsCalled = (w: World, more = {}): void =>
  w.app.answers(({ body }) => dial([{ type: 'user', name: String(body['to']) }], { answerOnBridge: true, ...more }));

story('two people signed in talk through a dial, each hears the other’s tone, and one hangs up', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), [{ email: 'ada', hz: 500 }, { email: 'grace', hz: 700 }], async (ada, grace) => {
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
