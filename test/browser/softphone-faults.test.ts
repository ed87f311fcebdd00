// What can go wrong around the softphone: no microphone, a page that is loaded anew, a second tab. Each is said in words.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { dial, type World } from '../kit/index.ts';
import { openBrowser } from '../kit/chromium.ts';
import { adaAndGrace, softphoneStage, startSoftphones, withPhones } from './softphone-stage.ts';

const equipment = await startSoftphones();
const bare = await openBrowser();
const story = softphoneStage(equipment);
afterAll(async () => {
  await bare.close();
  await equipment.browser.close();
});

const at = (w: World) => ({ browser: equipment.browser, url: w.graine.http.url });
const ringsWhoIsCalled = (w: World): void =>
  w.app.answers(({ body }) => dial([{ type: 'user', name: String(body['to']) }], { answerOnBridge: true }));

story('a microphone that was denied is explained, and nobody is called', async (w) => {
  await withPhones(at(w), [{ email: 'ada' }], async (ada) => {
    await ada.call('grace');
    const note = ada.panel.getByRole('alert');
    await note.waitFor();
    assert.match(await note.innerText(), /not to let this page use the microphone.*allow the microphone/);
    await ada.says('grace was not called');
  });
  assert.equal(w.app.all('/call').length, 0);
});

story('who is called and has no microphone: the caller is told 480, the panel says what to do', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones({ ...at(w), browser: bare }, [{ email: 'grace' }], async (grace) => {
    await grace.page.context().grantPermissions(['microphone']);
    const call = w.calls({ to: 'grace' });
    await grace.button('Accept').click();
    await grace.says(/There is no microphone\. Plug one in/);
    assert.equal((await call.refused()).status, 480);
  });
  await w.next('/action');
});

story('a page that is not secure says so before anybody tries', async (w) => {
  await withPhones(at(w), [{ email: 'ada', hz: 500 }], async (ada) => {
    await ada.page.addInitScript('Object.defineProperty(globalThis, "isSecureContext", { value: false })');
    await ada.page.reload();
    await ada.page.getByRole('button', { name: 'Phone', exact: true }).click();
    await ada.says(/Browsers give a microphone to secure pages only\. Open the portal over https/);
  });
});

story('a page loaded anew mid-call: asked first, the other side is let go, and it offers to call again', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), adaAndGrace, async (ada, grace) => {
    await ada.call('grace');
    await grace.button('Accept').click();
    await Promise.all([ada.hears(700), grace.hears(500)]);
    const asked: string[] = [];
    ada.page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await ada.page.reload();
    assert.deepEqual(asked, ['beforeunload']);
    await w.next('/action', 8000);
    await grace.says(/hung up|is over/);
    await ada.says('Loading the page anew ended your call with grace.');
    await ada.says('registered');
    await ada.button('Call again').click();
    await grace.button('Accept').click();
    await Promise.all([ada.hears(700), grace.hears(500)]);
    await grace.button('Hang up').click();
    await ada.says('grace hung up');
  });
  await w.next('/action');
});

story('one tab has the phone: another says so and may take it, and calls come in there', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), [{ email: 'ada', hz: 500 }], async (ada) => {
    const second = await ada.page.context().newPage();
    await second.goto(`${w.graine.http.url}/portal/live`);
    await second.getByRole('button', { name: 'Phone', exact: true }).click();
    const panel = second.getByRole('complementary', { name: 'Phone' });
    await panel.getByText('The phone is open in another tab').waitFor();
    await panel.getByRole('button', { name: 'Use it here' }).click();
    await panel.getByText('registered', { exact: true }).waitFor();
    await ada.says(/open in another tab/);
    const call = w.calls({ to: 'ada' });
    await panel.getByRole('button', { name: 'Decline' }).click();
    assert.equal((await call.refused()).status, 603);
    await second.close();
  });
  await w.next('/action');
});

story('a call opens a panel that is closed', async (w) => {
  ringsWhoIsCalled(w);
  await withPhones(at(w), [{ email: 'ada', hz: 500 }], async (ada) => {
    await ada.button('Close the phone').click();
    await ada.panel.waitFor({ state: 'hidden' });
    const call = w.calls({ to: 'ada', fromName: 'Alice' });
    await ada.says('Alice');
    assert.equal(await ada.page.title(), 'Alice calls');
    await ada.button('Accept').click();
    await Promise.all([ada.hears(440), call.hears(500)]);
    await call.hangsUp();
    await ada.says('Alice hung up');
  });
  await w.next('/action');
});
