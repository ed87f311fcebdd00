// What only the administrator's portal has: alerts of the server itself, as they happen; and the certificate of a carrier's gateway.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { stage, startRedis } from '../kit/index.ts';
import { password, withWindow } from '../kit/portal.ts';

const redis = await startRedis();
const story = stage({
  ...('missing' in redis ? {} : { config: { live: { url: redis.url } } }),
  account: () => ({ users: [{ name: 'Ada', email: 'ada@example.test', password, role: 'account' }] }),
});
afterAll(async () => {
  if (!('missing' in redis)) await redis.remove();
});

story('a gateway is asked for its certificate by form, and no longer asked', async (w) => {
  const made = await w.account('POST', '/VoipCarriers', { name: 'bank' });
  const sid = String((made.body as unknown as { sid: string }).sid);
  const gateways = async () =>
    (await w.account('GET', `/SipGateways?voip_carrier_sid=${sid}`)).body as unknown as Record<string, unknown>[];
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn({ email: 'ada@example.test' });
    await window.go(`/carriers/${sid}`);
    await page.getByRole('button', { name: 'New gateway' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Address').fill('gw.bank.example');
    assert.equal(await form.getByRole('switch', { name: 'Ask for its certificate' }).count(), 0, 'it is not over TLS');
    await form.getByLabel('Transport').first().click();
    await page.getByRole('option', { name: 'TLS' }).click();
    await form.getByRole('switch', { name: 'Ask for its certificate' }).click();
    await form.getByLabel('Or its fingerprint').fill('not hex');
    await form.getByRole('button', { name: 'Create gateway' }).click();
    await form.getByText(/64 hex digits/).waitFor();
    await form.getByLabel('Or its fingerprint').fill('');
    await form.getByLabel('Name in the certificate').fill('sip.bank.example');
    await form.getByRole('button', { name: 'Create gateway' }).click();
    await page.getByRole('cell', { name: 'of sip.bank.example' }).waitFor();
    assert.deepEqual(
      (await gateways()).map(({ require_certificate: asked, certificate_subject: name }) => [asked, name]),
      [[true, 'sip.bank.example']],
    );
    await page.getByRole('button', { name: 'Change gw.bank.example' }).click();
    await form.getByRole('switch', { name: 'Ask for its certificate' }).click();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'of sip.bank.example' }).waitFor({ state: 'detached' });
    assert.deepEqual(
      (await gateways()).map(({ require_certificate: asked, certificate_subject: name }) => [asked, name]),
      [[false, null]],
    );
  });
});

story('the keyboard begins at the first field, goes to what is wrong, and is back where it was', async (w) => {
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn({ email: 'ada@example.test' });
    await window.go('/applications');
    const focused = (name: string) =>
      page.waitForFunction((label) => {
        const at = document.activeElement;
        const labels = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement ? at.labels : null;
        return (labels?.[0] ?? at)?.textContent?.startsWith(label) === true;
      }, name);
    await page.getByRole('button', { name: 'New application' }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await focused('Name');
    await page.keyboard.type('keys only');
    await page.getByLabel('Call hook').first().fill('https://app.example.test/');
    await page.getByLabel('Variables').fill('{ "retries": 3 }');
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByText(/^retries: Must be a string/).waitFor();
    await focused('Variables');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await focused('New application');
  });
});

story('alerts of the server itself come in by themselves, for the administrator alone', async (w) => {
  assert.ok(!('missing' in redis), 'the redis-server of Debian is needed');
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn({ token: w.graine.http.token });
    await window.go('/alerts');
    await page.getByText('The server itself').click();
    await page.getByText('Nothing went wrong').waitFor();
    await redis.kill();
    await page.getByRole('cell', { name: /Redis is away at the node/ }).waitFor();
    await redis.start();
    await page.getByRole('cell', { name: /Redis is back at the node/ }).waitFor();
    await page.getByText('This account').click();
    await page.getByText('Nothing went wrong').waitFor();
  });
  await withWindow(w, {}, async (window) => {
    await window.signIn({ email: 'ada@example.test' });
    await window.go('/alerts');
    assert.equal(await window.page.getByText('The server itself').count(), 0);
  });
});
