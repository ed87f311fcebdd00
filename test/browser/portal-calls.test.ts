// The portal and its calls, in a real browser: signing in, live calls that come and go, a call's page, the dial builder.
import assert from 'node:assert/strict';
import { after, dial, phones, stage, toSip, type World } from '../kit/index.ts';
import { password, withWindow } from '../kit/portal.ts';

const hostile = '<img src=x onerror=alert(1)>';

const story = stage({
  phones: ['desk', 'bob'],
  account: () => ({
    users: [
      { name: 'Ada', email: 'ada@example.test', password, role: 'account' },
      { name: 'Grace', email: 'grace@example.test', password, role: 'read-only' },
    ],
  }),
});

const ada = { email: 'ada@example.test' };

story(
  'a wrong password is refused in words, the right one opens the live calls, signing out closes them',
  async (w) => {
    await withWindow(w, {}, async ({ page }) => {
      await page.goto(`${w.graine.http.url}/portal/recent`);
      await page.locator('input[type=email]').fill(ada.email);
      await page.locator('input[type=password]').fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await page.locator('input[type=password]').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Recent calls' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Recent calls' }).waitFor();
      await page.getByRole('button', { name: 'Signed in as Ada' }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in to Graine' }).waitFor();
    });
  },
);

story(
  'a live call appears with both legs and their levels, plots its quality as it goes, is hung up by its button, and goes',
  async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    await withWindow(w, {}, async (window) => {
      const { page } = window;
      await window.signIn(ada);
      await page.getByText('No calls now').waitFor();
      const call = w.calls();
      await call.answered();
      const rows = page.locator('[data-call]');
      await rows.nth(1).waitFor();
      assert.equal(await rows.count(), 2);
      await page.waitForFunction(() =>
        Array.from(document.querySelectorAll<HTMLElement>('[data-meter]')).every(
          (bar) => Number(/scaleX\((.*)\)/.exec(bar.style.transform)?.[1] ?? 0) > 0.3,
        ),
      );
      await rows.first().getByRole('link').click();
      await page.getByRole('tab', { name: 'Quality' }).click();
      await page.locator('.chart canvas').first().waitFor();
      const table = page.getByRole('table', { name: 'Quality of each leg' });
      assert.equal(await table.getByText('PCMU').count(), 2, await table.innerText());
      const packets = () => table.getByRole('cell').nth(2).innerText();
      const before = await packets();
      await w.eventually('the figures follow the running call', async () => (await packets()) !== before);
      await window.go('/live');
      await rows
        .first()
        .getByRole('button', { name: /Hang up/ })
        .click();
      await call.byed();
      await page.getByText('No calls now').waitFor();
    });
    await w.next('/action');
  },
);

story('who only reads sees a live call and no button to end it', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
  await withWindow(w, {}, async (window) => {
    await window.signIn({ email: 'grace@example.test' });
    const call = w.calls();
    await call.answered();
    await window.page.locator('[data-call]').nth(1).waitFor();
    assert.equal(await window.page.getByRole('button', { name: /Hang up/ }).count(), 0);
    assert.equal(await window.page.getByRole('link', { name: 'API keys' }).count(), 0);
    await call.hangsUp();
    await window.page.getByText('No calls now').waitFor();
  });
  await w.next('/action');
});

/** A call that was talked on for some seconds and is over; its sid. */
/** `said`: in the application's data, as the words of a caller are. */
async function endedCall(w: World, fromName = 'Alice', said = 'hello'): Promise<string> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const tag = { verb: 'tag', data: { speech: { alternatives: [{ transcript: said }] } } };
  w.app.answers([tag, ...dial([toSip(w.phone('desk'))], { answerOnBridge: true })]);
  const call = w.calls({ fromName });
  await call.answered();
  await call.hears(620);
  await after(2300);
  await call.hangsUp();
  return String((await w.next('/action')).body['call_sid']);
}

story('the page of a call draws its ladder, opens a message, and plots its quality by the second', async (w) => {
  const sid = await endedCall(w);
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn(ada);
    await window.go('/recent');
    await page.locator(`a[href$="${sid}"]`).first().click();
    const invite = page.locator('.ladder-row', { hasText: 'INVITE' }).first();
    await invite.click();
    const detail = page.getByRole('complementary', { name: 'Chosen event' });
    await detail.getByRole('rowheader', { name: 'Via', exact: true }).waitFor();
    assert.match(await detail.innerText(), /m=audio/);
    assert.ok((await page.locator('.ladder-head').count()) === 4, 'caller, Graine, callee, application');
    await page.locator('.ladder-row', { hasText: 'session:new' }).click();
    assert.match(await detail.innerText(), /"verb": "dial"/);
    await page.getByRole('tab', { name: 'Quality' }).click();
    await page.locator('.chart canvas').first().waitFor();
    const painted = await page
      .locator('.chart canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value, n) => n % 4 === 3 && value > 0);
      });
    assert.ok(painted, 'something is drawn');
    assert.match(await page.getByRole('table', { name: 'Quality of each leg' }).innerText(), /PCMU/);
    await page.getByRole('tab', { name: 'Timeline' }).click();
    await page.getByLabel('Search the timeline').fill('dial.winner');
    await page.getByText(/^1 of \d+$/).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'pcap' }).click();
    assert.match((await download).suggestedFilename(), /\.pcap$/);
  });
});

story(
  'a script in the display name of a caller, or in what was transcribed, is text on every page that shows it',
  async (w) => {
    const spoken = '<svg onload=alert(2)><img src=x onerror=alert(3)>';
    const sid = await endedCall(w, hostile, spoken);
    await withWindow(w, {}, async (window) => {
      const { page } = window;
      const dialogs: string[] = [];
      page.on('dialog', (dialog) => {
        dialogs.push(dialog.message());
        void dialog.dismiss();
      });
      await window.signIn(ada);
      await window.go(`/call/${sid}`);
      await page.locator('.ladder-row', { hasText: 'INVITE' }).first().click();
      await page.getByText(hostile).first().waitFor();
      for (const tab of ['Timeline', 'Hooks']) {
        await page.getByRole('tab', { name: tab }).click();
        await window.settled();
      }
      await page.getByText('<svg onload=alert(2)>').first().waitFor({ state: 'attached' });
      assert.equal(await page.locator('img[src="x"]').count(), 0);
      assert.equal(await page.locator('svg[onload]').count(), 0);
      assert.deepEqual(dialogs, []);
    });
  },
);

story(
  'the dial builder goes from form to JSON and back, names faults at their fields, and places the call',
  async (w) => {
    w.phone('bob').onInvite = phones.answersAfter(10, { tone: 520 });
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    await w.register('bob');
    await withWindow(w, {}, async (window) => {
      const { page } = window;
      await window.signIn(ada);
      await window.go('/dial');
      const json = page.getByLabel('JSON of the dial');
      const written = async () =>
        (JSON.parse(await json.inputValue()) as [{ target: unknown[] } & Record<string, unknown>])[0];
      await page.getByRole('textbox', { name: 'Caller id' }).first().fill('+15551230009');
      assert.equal((await written())['callerId'], '+15551230009');
      await json.fill(
        JSON.stringify([
          { verb: 'dial', tag: { kept: 1 }, target: [toSip(w.phone('desk')), { type: 'phone', number: 'nobody' }] },
        ]),
      );
      await page.getByText('1 to mend').waitFor();
      await page.locator('.target').nth(1).getByText('Must be E.164').waitFor();
      await page.getByRole('button', { name: 'Remove target 2' }).click();
      await page.getByText('would run').waitFor();
      assert.deepEqual(await written(), { verb: 'dial', tag: { kept: 1 }, target: [toSip(w.phone('desk'))] });
      await page.getByLabel('Address').fill('bob');
      await page.getByRole('button', { name: 'Place the call' }).click();
      await page.getByText('Must be a string of 1 to 255 characters').first().waitFor();
      await page.locator('form').getByLabel('Caller id').fill('+15551230001');
      await page.getByRole('button', { name: 'Place the call' }).click();
      const desk = await w.phone('desk').nextCall();
      await desk.hears(520);
      await page.locator('.leg').nth(1).waitFor();
      await page
        .getByRole('button', { name: /Hang up/ })
        .first()
        .click();
      await desk.byed();
    });
    await w
      .phone('bob')
      .register(w.serverFor('bob'), { username: 'bob', password: 'secret', realm: 'voice.example.test', expires: 0 });
  },
);

story('carriers, numbers and keys are made by form: faults stand at their fields, a token is shown once', async (w) => {
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn(ada);
    await window.go('/numbers');
    await page.getByRole('button', { name: 'New number' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Number').fill('not a number');
    await form.getByRole('button', { name: 'Create number' }).click();
    await form.getByText(/Must be digits/).waitFor();
    await form.getByLabel('Number').fill('+15559998888');
    await form.getByRole('button', { name: 'Create number' }).click();
    await page.getByRole('cell', { name: '+15559998888', exact: true }).waitFor();
    const { body } = await w.account('GET', '/PhoneNumbers?number=15559998888');
    assert.equal(body.length, 1);
    await page.getByRole('button', { name: 'Delete +15559998888' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No number yet').waitFor();
    await window.go('/keys');
    await page.getByRole('button', { name: 'New API key' }).first().click();
    await page.getByRole('dialog').getByLabel('Name').fill('build robot');
    await page.getByRole('button', { name: 'Create key' }).click();
    const token = await page.locator('.secret code').innerText();
    assert.match(token, /^graine_/);
    const answer = await fetch(`${w.graine.http.url}/v1/Accounts`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('cell', { name: 'build robot', exact: true }).waitFor();
    assert.ok(!(await page.content()).includes(token), 'the token is on no page any more');
  });
});

story('a recording is played from this server alone; any other address is only named', async (w) => {
  const sid = await endedCall(w);
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn(ada);
    const named = '/v1/Accounts/a/RecentCalls/b/record/c.wav';
    let said = '';
    await page.route(`**/Calls/${sid}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...((await response.json()) as object), recording_url: said } });
    });
    for (const [url, src] of [
      [`http://graine.example.test${named}`, named],
      ['https://elsewhere.example.test/c.wav', null],
      ['javascript:alert(1)', null],
    ] as const) {
      said = url;
      await page.goto(`${w.graine.http.url}/portal/call/${sid}?tab=sound`);
      await page.getByRole('heading', { name: 'Recording' }).waitFor();
      if (src === null) await page.getByText(url).waitFor();
      else assert.equal(await page.locator('audio').getAttribute('src'), src);
      assert.equal(await page.locator('audio').count(), src === null ? 0 : 1);
    }
    // The page asks again by itself: what is on its way is answered first.
    await page.unrouteAll({ behavior: 'wait' });
  });
});

story('a device that registers appears among the devices by itself', async (w) => {
  await withWindow(w, {}, async (window) => {
    await window.signIn(ada);
    await window.go('/devices');
    await window.page.getByText('No device is registered').waitFor();
    await w.register('bob');
    await window.page.getByRole('cell', { name: /bob@/ }).waitFor();
    await w
      .phone('bob')
      .register(w.serverFor('bob'), { username: 'bob', password: 'secret', realm: 'voice.example.test', expires: 0 });
    await window.page.getByText('No device is registered').waitFor();
  });
});

story('the administrator chooses the account, and every page is about that one', async (w) => {
  const { body } = await w.rest('POST', '/v1/Accounts', { name: 'second', sip_realm: 'second.example.test' });
  await w.rest('POST', `/v1/Accounts/${body.sid}/Clients`, { username: 'zoe', password: 'secret' });
  await withWindow(w, {}, async (window) => {
    const { page } = window;
    await window.signIn({ token: w.graine.http.token });
    await page.getByRole('combobox', { name: 'Account' }).click();
    await page.getByRole('option', { name: 'second' }).click();
    await page.getByRole('link', { name: 'SIP users' }).click();
    await page.getByRole('cell', { name: 'zoe@second.example.test', exact: true }).waitFor();
    assert.equal(await page.getByRole('cell', { name: /^bob/ }).count(), 0);
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page
      .getByRole('cell', { name: /^Clients\// })
      .first()
      .waitFor();
  });
  const { body: clients } = await w.rest('GET', `/v1/Accounts/${body.sid}/Clients`);
  for (const { client_sid: sid } of clients) await w.rest('DELETE', `/v1/Clients/${sid}`);
  await w.rest('DELETE', `/v1/Accounts/${body.sid}`);
});
