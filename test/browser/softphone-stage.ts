/** The stage of the softphone's stories: a server that listens on WebSocket, people who sign in, and windows whose microphone is
 * a tone and whose ear is a spectrum. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { after, freePort, stage } from '../kit/index.ts';
import { openBrowser } from '../kit/chromium.ts';
import { type Look, password, PortalWindow } from '../kit/portal.ts';

const waitMs = 15_000;

const flags = [
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // Where the machine has no other network.
  '--allow-loopback-in-peer-connection',
];

const instruments = readFileSync(new URL('./page/instruments.js', import.meta.url), 'utf8');

export class PhoneWindow {
  readonly window: PortalWindow;
  readonly page: Page;

  constructor(window: PortalWindow) {
    this.window = window;
    this.page = window.page;
  }

  /** The panel. */
  get panel() {
    return this.page.getByRole('complementary', { name: 'Phone' });
  }

  button(name: string | RegExp) {
    return this.panel.getByRole('button', { name, exact: typeof name === 'string' });
  }

  async says(text: string | RegExp): Promise<void> {
    try {
      await this.panel
        .getByText(text, { exact: typeof text === 'string' })
        .first()
        .waitFor({ timeout: waitMs });
    } catch {
      throw new Error(`the panel never said ${text}; it says: ${await this.panel.innerText()}`);
    }
  }

  async openPhone(): Promise<void> {
    await this.page.getByRole('button', { name: 'Phone', exact: true }).click();
    await this.says('registered');
  }

  async call(target: string): Promise<void> {
    await this.panel.getByRole('textbox', { name: 'Call' }).fill(target);
    await this.button('Call').click();
  }

  /** `times` in a row: speech has every tone for a moment, none for long. */
  async hears(hz: number, times = 1): Promise<void> {
    let row = 0;
    await this.#listens(`${hz} Hz`, (heard) => {
      row = Math.abs(heard.hz - hz) <= 12 && heard.db > -60 ? row + 1 : 0;
      return row >= times;
    });
  }

  async hearsNothing(): Promise<void> {
    await this.#listens('nothing', ({ db }) => db < -80);
  }

  async #listens(what: string, is: (heard: { hz: number; db: number }) => boolean): Promise<void> {
    let heard = { hz: 0, db: 0 };
    for (const end = performance.now() + waitMs; performance.now() < end; await after(50)) {
      heard = await this.page.evaluate(() => (window as unknown as { ear: () => typeof heard }).ear());
      if (is(heard)) return;
    }
    throw new Error(`never heard ${what}: ${JSON.stringify(heard)}; ${await this.panel.innerText()}`);
  }
}

export type Person = {
  readonly email: string;
  /** What their microphone says. Undefined: the browser's own, which it was not allowed to use. */
  readonly hz?: number;
  readonly look?: Look;
};

export type Equipment = { readonly browser: Browser; readonly ws: number };

/** What has to be there before the stories are told. */
export async function startSoftphones(): Promise<Equipment> {
  return { browser: await openBrowser(flags), ws: await freePort() };
}

/** Not to be waited for: stories are gathered in the turn they are told in. */
export function softphoneStage({ ws }: Equipment): ReturnType<typeof stage> {
  return stage({
    phones: ['bob', 'desk'],
    config: { sip: { alsoListen: [`ws://127.0.0.1:${ws}`] } },
    account: (w) => ({
      carriers: [w.origin()],
      users: ['ada', 'grace', 'mary'].map((name) => ({
        name: name[0]?.toUpperCase() + name.slice(1),
        email: `${name}@example.test`,
        password,
        role: name === 'mary' ? 'read-only' : 'account',
      })),
    }),
  });
}

/** A window with these instruments, where nobody is signed in yet. */
export async function openPhoneWindow(
  { browser, url }: { readonly browser: Browser; readonly url: string },
  { hz, look }: { readonly hz: number | undefined; readonly look?: Look | undefined },
): Promise<PhoneWindow> {
  const window = new PhoneWindow(await PortalWindow.open(browser, url, look));
  if (hz === undefined) await window.page.context().clearPermissions();
  else await window.page.addInitScript(`{ globalThis.hz = ${hz}; ${instruments} }`);
  return window;
}

/** Two who talk: by what each says one hears whose voice it is. */
export const adaAndGrace: readonly Person[] = [
  { email: 'ada', hz: 500 },
  { email: 'grace', hz: 700 },
];

/** Windows of these people with the phone open and registered; closed at the end, whatever happens. */
export async function withPhones(
  { browser, url }: { readonly browser: Browser; readonly url: string },
  people: readonly Person[],
  tell: (...windows: PhoneWindow[]) => Promise<void>,
): Promise<void> {
  const windows: PhoneWindow[] = [];
  try {
    for (const { email, hz, look } of people) {
      const window = await openPhoneWindow({ browser, url }, { hz, look });
      windows.push(window);
      await window.window.signIn({ email: `${email}@example.test` });
      await window.openPhone();
    }
    await tell(...windows).catch(async (fault: unknown) => {
      const all = await Promise.all(windows.map(({ panel }) => panel.innerText()));
      throw new Error(`${String(fault)}\nthe panels:\n${all.join('\n──\n')}`, { cause: fault });
    });
    for (const { window } of windows) await window.close();
  } finally {
    for (const { page } of windows)
      await page
        .context()
        .close()
        .catch(() => undefined);
  }
}
