// `npm start` without a file: somebody new signs in with what was printed, calls the echo with one click, and hears themselves;
// then another tab, and a desk phone, by name. No phone is needed.
import assert from 'node:assert/strict';
import { after as afterAll, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { demo } from '../../src/config/demo.ts';
import { EchoApp } from '../../src/demo/index.ts';
import { parseConfig, startServer } from '../../src/main.ts';
import { silentLog } from '../../src/base/index.ts';
import { freePort, phones } from '../kit/index.ts';
import { Phone } from '../../src/testing/index.ts';
import { openPhoneWindow, type PhoneWindow, startSoftphones } from './softphone-stage.ts';

/** The demo as it is, but for its ports, which somebody else may have here. */
async function startDemo() {
  const app = await EchoApp.start();
  const [sip, ws, http] = [await freePort(), await freePort(), await freePort()];
  const text = demo(app.url).replaceAll(':5060', `:${sip}`).replace(':5066', `:${ws}`);
  const more = `http: { listen: "127.0.0.1:${http}" }\nshutdown: { drain_seconds: 0 }\n`;
  const config = parseConfig(text + more, { source: undefined, folder: process.cwd() });
  const server = await startServer(config, { log: silentLog });
  return { app, server, config, sip, url: `http://127.0.0.1:${http}` };
}

describe('the demo', { timeout: 120_000 }, () => {
  let browser: Browser;
  let running: Awaited<ReturnType<typeof startDemo>>;
  const opened: PhoneWindow[] = [];

  before(async () => {
    ({ browser } = await startSoftphones());
    running = await startDemo();
  });

  afterAll(async () => {
    await browser.close();
    await running.server.stop();
    await running.app.close();
  });

  async function enter(name: string, hz: number): Promise<PhoneWindow> {
    const user = running.config.accounts[0]?.users.find((each) => each.name === name);
    assert.ok(user, `${name} is of the demo`);
    const phone = await openPhoneWindow({ browser, url: running.url }, { hz });
    opened.push(phone);
    await phone.window.signIn({ email: user.email, password: user.password });
    return phone;
  }

  it('the first page offers the echo: one click, a greeting, and one’s own tone a second later', async () => {
    const alice = await enter('Alice', 500);
    const first = alice.page.getByRole('button', { name: 'Call the echo' });
    await first.waitFor();
    await first.click();
    await alice.says('Talking');
    await alice.hears(500, 10);
    await alice.button('Hang up').click();
    await alice.says('The call with echo is over');
  });

  it('a second tab, as Bob, rings by name; handed on to the echo, the caller hears themselves', async () => {
    const [alice] = opened;
    assert.ok(alice);
    const bob = await enter('Bob', 700);
    await bob.openPhone();
    await alice.call('bob');
    await bob.button('Accept').click();
    await Promise.all([alice.hears(700), bob.hears(500)]);
    await bob.panel.getByRole('textbox', { name: 'Transfer to' }).fill('echo');
    await bob.button('Transfer').click();
    await alice.hears(500, 10);
    await alice.button('Hang up').click();
  });

  it('a desk phone and a tab of the same name ring together', async () => {
    const [alice] = opened;
    assert.ok(alice);
    const desk = await Phone.listen({ name: 'desk', onInvite: phones.answersAfter(200, { tone: 620 }) });
    try {
      const { accounts } = running.config;
      const client = accounts[0]?.clients.find(({ username }) => username === 'bob');
      assert.ok(client);
      const server = { host: '127.0.0.1', port: running.sip };
      const realm = String(accounts[0]?.sip_realm ?? '127.0.0.1');
      const answer = await desk.register(server, { username: 'bob', password: client.password, realm });
      assert.equal(answer.status, 200);
      await alice.call('bob');
      await alice.hears(620);
      await opened[1]?.says(/Missed call of Alice/);
      await alice.button('Hang up').click();
    } finally {
      await desk.close();
    }
  });
});
