/** The stage of a browser story: a server with a WebSocket listener, a phone of a trunk, one of a user, and a Chromium. */
import type { Page } from 'playwright-core';
import { Browser, type Config, ensureDebian, freePort, realm, stage, type Tab } from '../kit/index.ts';

export type BrowserStage = {
  readonly story: ReturnType<typeof stage>;
  /** A tab that is registered as this user; its microphone is a tone. */
  readonly open: (as: string, hz: number, library?: 'jssip' | 'sipjs') => Promise<Tab>;
  /** A page of this code, whose server is ours and whose user is carol. */
  readonly page: (code: string, body: string) => Promise<Page>;
};

/** What has to be there before the stories are told. */
export async function startBrowser(): Promise<{ browser: Browser; ws: number }> {
  ensureDebian(['chromium']);
  return { browser: await Browser.start(), ws: await freePort() };
}

/** Not to be waited for: stories are gathered in the turn they are told in. */
export function browserStage({ browser, ws }: { browser: Browser; ws: number }, media: Config = {}): BrowserStage {
  const story = stage({
    phones: ['bob', 'trunk'],
    config: { sip: { alsoListen: [`ws://127.0.0.1:${ws}`] }, media },
    account: (w) => ({ carriers: [w.origin(), { name: 'out', gateways: [w.gateway('trunk')] }] }),
  });
  const open: BrowserStage['open'] = async (as, hz, library = 'jssip') => {
    const tab = await browser.tab(library);
    await tab.register({ socket: `ws://127.0.0.1:${ws}`, uri: `sip:${as}@${realm}`, password: 'secret', hz });
    return tab;
  };
  const page: BrowserStage['page'] = (code, body) =>
    browser.page(code.replace('wss://voice.example.test', `ws://127.0.0.1:${ws}`), body);
  return { story, open, page };
}
