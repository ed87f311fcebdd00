// A browser's call outlives the server's process: the page notices nothing but that its WebSocket comes back. issue 6, item 5.
import assert from 'node:assert/strict';
import { after as afterAll, test } from 'node:test';
import {
  accountOf,
  after,
  Browser,
  ensureDebian,
  freePort,
  GraineProcess,
  HookApp,
  type Json,
  Phone,
  realm,
} from '../kit/index.ts';

ensureDebian(['chromium']);
const browser = await Browser.start();
const open: { close(): Promise<void> }[] = [browser];
afterAll(async () => {
  for (const each of open.toReversed()) await each.close();
});

test(
  'kill -9, then SIGTERM and a start: the page and the trunk go on talking; hold, REST and BYE work over the connection that is new',
  { timeout: 180_000 },
  async () => {
    const ws = await freePort();
    const app = await HookApp.start();
    const desk = await Phone.listen({ name: 'desk' });
    open.push(app, desk);
    const graine = await GraineProcess.start({
      store: { url: 'file:./data' },
      shutdown: { hand_over: true },
      sip: { alsoListen: [`ws://127.0.0.1:${ws}`] },
      accounts: [
        accountOf(app, desk, {
          device_calling_application: 'main',
          clients: [{ username: 'carol', password: 'secret' }],
        }),
      ],
    });
    open.push(graine);
    app.answers([
      { verb: 'dial', target: [{ type: 'sip', sipUri: desk.uri }], actionHook: '/dialled', answerOnBridge: true },
    ]);
    const tab = await browser.tab();
    await tab.register({ socket: `ws://127.0.0.1:${ws}`, uri: `sip:carol@${realm}`, password: 'secret', hz: 500 });
    await tab.sees(/registered/);
    await tab.does('call', `sip:1000@${realm}`);
    const rung = await desk.nextCall();
    await rung.answers();
    rung.speaks(620);
    await tab.sees(/confirmed/);
    await Promise.all([tab.hears(620), rung.hears(500)]);
    await after(1500);

    await graine.killed();
    await graine.up();
    const since = performance.now();
    await rung.hears(500, { since });
    console.log(`# the phone hears the page ${Math.round(performance.now() - since)} ms after the start`);
    // Not what was there before: the tone is another now.
    rung.speaks(840);
    await tab.hears(840);
    console.log(`# the page hears the phone ${Math.round(performance.now() - since)} ms after the start`);
    await tab.sees(/registered/, 30_000);

    // As a new version is put in place; and once more with the keys of the first process.
    assert.equal(await graine.terminated(), 0);
    await graine.up();
    rung.speaks(1040);
    await tab.hears(1040);
    await rung.hears(500, { since: performance.now() });
    await tab.sees(/registered/, 30_000);

    // From the trunk to the page, which has another connection; and from the page.
    assert.equal((await rung.holds()).status, 200);
    await tab.sees(/hold remote/);
    assert.equal((await rung.resumes()).status, 200);
    await tab.sees(/unhold remote/);
    await tab.does('hold');
    await rung.gets(({ method, body }) => method === 'INVITE' && /a=(sendonly|inactive)/.test(body.toString()));
    await tab.does('unhold');
    rung.speaks(620);
    await tab.hears(620);
    await rung.hears(500, { since: performance.now() });

    const account = ((await graine.rest('/v1/Accounts')).body as Json[])[0].account_sid;
    const calls = (await graine.rest(`/v1/Accounts/${account}/Calls`)).body as Json[];
    const parent = calls.find((each) => each.parent_call_sid === undefined);
    await graine.rest(`/v1/Accounts/${account}/Calls/${parent.call_sid}`, { call_status: 'completed' });
    await Promise.all([tab.sees(/ended remote/), rung.byed()]);
  },
);
