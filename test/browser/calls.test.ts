// Browsers call and are called: JsSIP and SIP.js in a real Chromium. Audio is measured at both ends. docs/webrtc.md.
import { after as afterAll } from 'node:test';
import { Browser, dial, ensureDebian, freePort, phones, realm, stage, type Tab, toPhone, toUser, World } from '../kit/index.ts';

ensureDebian(['chromium']);
const browser = await Browser.start();
const ws = await freePort();
const tone = (hz: number) => ({ verb: 'play', url: `tone_stream://%(4000,0,${hz})`, loop: 5 });

const story = stage({
  phones: ['bob', 'trunk'],
  config: { sip: { alsoListen: [`ws://127.0.0.1:${ws}`] } },
  account: (w) => ({ carriers: [w.origin(), { name: 'out', gateways: [w.gateway('trunk')] }] }),
});
afterAll(() => browser.close());

async function open(as: string, hz: number, library: 'jssip' | 'sipjs' = 'jssip'): Promise<Tab> {
  const tab = await browser.tab(library);
  await tab.register({ socket: `ws://127.0.0.1:${ws}`, uri: `sip:${as}@${realm}`, password: 'secret', hz });
  return tab;
}

story('a browser calls an application and hears what it plays', async (w: World) => {
  const tab = await open('carol', 500);
  w.app.answers([{ verb: 'answer' }, tone(700)]);
  await tab.does('call', `sip:1000@${realm}`);
  await tab.sees(/confirmed/);
  await tab.hears(700);
  await tab.does('hangup');
  await tab.sees(/ended local/);
  await tab.close();
});
