// Every page of the portal, light and dark, on a desk and on a phone: axe finds nothing, nothing is wider than the window.
import assert from 'node:assert/strict';
import { after, dial, phones, stage, toSip } from '../kit/index.ts';
import { type Look, type PortalWindow, withWindow } from '../kit/portal.ts';

const story = stage({
  phones: ['desk', 'bob'],
  account: (w) => ({
    users: [{ name: 'Ada', email: 'ada@example.test', password: 'a long password', role: 'account' }],
    phone_numbers: [{ number: '+15551230001', carrier: 'origin', application: 'main' }],
    carriers: [w.origin()],
    teams: { sbc_fqdn: 'sbc.example.test', tenant_fqdn: 'tenant.example.test' },
  }),
});

const places = ['/live', '/recent', '/dial', '/numbers', '/applications', '/carriers', '/clients', '/teams', '/speech'];
const more = ['/devices', '/alerts', '/audit', '/people', '/keys', '/accounts'];
const tabs = ['ladder', 'timeline', 'hooks', 'quality', 'sound'];

/** Faults of the page that is shown. */
async function judge(window: PortalWindow, name: string): Promise<string[]> {
  const faults = (await window.axeFaults()).map((fault) => `${name}: ${fault}`);
  const overflow = await window.overflow();
  return overflow > 0 ? [...faults, `${name}: ${overflow} px wider than the window`] : faults;
}

async function judgeAll(window: PortalWindow, callSid: string): Promise<string[]> {
  const faults: string[] = [];
  for (const path of [...places, ...more, ...tabs.map((tab) => `/call/${callSid}?tab=${tab}`)]) {
    await window.go(path);
    faults.push(...(await judge(window, path)));
  }
  const { page } = window;
  await window.go('/carriers');
  await page.getByRole('button', { name: 'New carrier' }).click();
  await page.getByRole('dialog').waitFor();
  await window.settled();
  faults.push(...(await judge(window, 'the form of a carrier')));
  return faults;
}

const looks: readonly (readonly [string, Look])[] = [
  ['light', { scheme: 'light' }],
  ['dark', { scheme: 'dark' }],
  ['on a phone, 390 px wide', { scheme: 'dark', width: 390, height: 844 }],
];

for (const [name, look] of looks) {
  story(`no page has a fault that axe can find, and none is too wide: ${name}`, async (w) => {
    await w.register('bob');
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    const ended = w.calls();
    await ended.hears(620);
    await after(1200);
    await ended.hangsUp();
    const sid = String((await w.next('/action')).body['call_sid']);
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    const running = w.calls();
    await running.answered();
    await withWindow(w, look, async (window) => {
      await window.page.goto(`${w.graine.http.url}/portal`);
      await window.page.getByRole('heading', { name: 'Sign in to Graine' }).waitFor();
      const faults = await judge(window, 'sign in');
      await window.signIn({ token: w.graine.http.token });
      await window.page.locator('[data-call]').first().waitFor();
      assert.deepEqual([...faults, ...(await judgeAll(window, sid))], []);
    });
    await running.hangsUp();
    await w.next('/action');
  });
}

story('the keyboard alone opens a call and walks down its ladder; the scheme can be chosen and stays', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  const sid = String((await w.next('/action')).body['call_sid']);
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn({ token: w.graine.http.token });
    await window.go('/recent');
    await page.locator(`a[href$="${sid}"]`).first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.ladder-row').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'Chosen event' }).waitFor();
    assert.equal(await page.locator('.ladder-row').nth(1).getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'Light or dark' }).click();
    await page.getByRole('menuitem', { name: 'Dark' }).click();
    await page.waitForFunction(() => document.documentElement.dataset['mantineColorScheme'] === 'dark');
    await page.reload();
    await page.waitForFunction(() => document.documentElement.dataset['mantineColorScheme'] === 'dark');
  });
});
