// The panel of the softphone, idle, ringing and talking: axe finds nothing, nothing is wider than the window, keys alone do it.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { after, dial, type World } from '../kit/index.ts';
import type { Look } from '../kit/portal.ts';
import { adaAndGrace, type PhoneWindow, softphoneStage, startSoftphones, withPhones } from './softphone-stage.ts';

const equipment = await startSoftphones();
const story = softphoneStage(equipment);
afterAll(() => equipment.browser.close());

const at = (w: World) => ({ browser: equipment.browser, url: w.graine.http.url });
const ringsWhoIsCalled = (w: World): void =>
  w.app.answers(({ body }) => dial([{ type: 'user', name: String(body['to']) }], { answerOnBridge: true }));
/** Where pictures of the panel are wanted, to be looked at. */
const pictures = process.env['GRAINE_PICTURES'];

async function judge({ window, page }: PhoneWindow, name: string): Promise<string[]> {
  await window.settled();
  if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png` });
  const faults = (await window.axeFaults()).map((fault) => `${name}: ${fault}`);
  const overflow = await window.overflow();
  return overflow > 0 ? [...faults, `${name}: ${overflow} px wider than the window`] : faults;
}

const looks: readonly (readonly [string, Look])[] = [
  ['light', { scheme: 'light' }],
  ['dark', { scheme: 'dark' }],
  ['narrow', { scheme: 'light', width: 390, height: 844 }],
];

for (const [name, look] of looks) {
  story(`nothing that axe can find, nothing too wide: ${name}`, async (w) => {
    ringsWhoIsCalled(w);
    const people = [
      { email: 'ada', hz: 500, look },
      { email: 'grace', hz: 700, look },
    ];
    await withPhones(at(w), people, async (ada, grace) => {
      const faults = await judge(ada, `${name}-idle`);
      await ada.call('grace');
      await grace.says('calls you');
      faults.push(...(await judge(grace, `${name}-incoming`)));
      await grace.button('Accept').click();
      await ada.says('Talking');
      await ada.panel.getByText('Microphone and loudspeaker').click();
      faults.push(...(await judge(ada, `${name}-talking`)));
      assert.deepEqual(faults, []);
      await ada.button('Hang up').click();
      await grace.says('Ada hung up');
    });
    await w.next('/action');
  });
}

story(
  'the keyboard alone calls, holds and hangs up; a chosen microphone is the one asked for, a chosen loudspeaker the one that plays',
  async (w) => {
    ringsWhoIsCalled(w);
    await withPhones(at(w), adaAndGrace, async (ada, grace) => {
      const { page } = ada;
      await page.context().grantPermissions(['microphone']);
      await page.reload();
      await page.getByRole('button', { name: 'Phone', exact: true }).click();
      await ada.says('registered');
      await ada.panel.getByText('Microphone and loudspeaker').click();
      const choice = ada.panel.getByLabel('Microphone', { exact: true });
      const wanted = await choice.locator('option').nth(1).getAttribute('value');
      assert.ok(wanted, 'the fake microphone is listed');
      await choice.selectOption(wanted);
      const loudspeaker = ada.panel.getByLabel('Loudspeaker', { exact: true });
      const output = await loudspeaker.locator('option').nth(1).getAttribute('value');
      assert.ok(output, 'a loudspeaker is listed');
      await page.evaluate(() => {
        const set = Reflect.get(HTMLMediaElement.prototype, 'setSinkId') as (
          this: unknown,
          id: string,
        ) => Promise<void>;
        HTMLMediaElement.prototype.setSinkId = async function (this: HTMLMediaElement, id) {
          await set.call(this, id);
          Object.assign(globalThis, { played: this.sinkId });
        };
      });
      await loudspeaker.selectOption(output);
      await page.waitForFunction((id) => (globalThis as unknown as { played?: string }).played === id, output);
      await ada.panel.getByRole('textbox', { name: 'Call' }).focus();
      await page.keyboard.type('grace');
      await page.keyboard.press('Enter');
      await grace.button('Accept').focus();
      await grace.page.keyboard.press('Enter');
      await Promise.all([ada.hears(700), grace.hears(500)]);
      const asked = await page.evaluate(() => (globalThis as unknown as { wanted: MediaStreamConstraints }).wanted);
      assert.deepEqual(asked.audio, { deviceId: { exact: wanted } });
      await ada.button('Hold').focus();
      await page.keyboard.press('Space');
      await ada.says('On hold');
      // It is shown as it is asked for; until it is answered nothing else may be.
      await grace.says('The other side holds the call');
      await after(500);
      await page.keyboard.press('Space');
      await ada.says('Talking');
      await ada.button('Hang up').focus();
      await page.keyboard.press('Enter');
      await grace.says('Ada hung up');
    });
    await w.next('/action');
  },
);
