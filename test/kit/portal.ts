/** The portal in a real browser against a real server: signs in, watches for faults of the page, and lets axe look. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser } from './chromium.ts';

export type Scheme = 'light' | 'dark';
export type Look = { readonly width?: number; readonly height?: number; readonly scheme?: Scheme };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Everybody of the portal's stories has it. */
export const password = 'a long password';

/** One window on the portal. What the page's console calls an error fails the story at `close`. */
export class PortalWindow {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #url: string;
  readonly faults: string[] = [];

  private constructor(context: BrowserContext, page: Page, url: string) {
    this.#context = context;
    this.page = page;
    this.#url = url;
    page.on('pageerror', (fault) => this.faults.push(String(fault)));
    page.on('console', (message) => {
      // A refusal of REST that a page shows is no fault of the page.
      const expected = /Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
      if (message.type() === 'error' && !expected) this.faults.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, look: Look = {}): Promise<PortalWindow> {
    const { width = 1280, height = 800, scheme = 'light' } = look;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    context.setDefaultTimeout(30_000);
    return new PortalWindow(context, await context.newPage(), url);
  }

  /** By the token of an API key, or by email and the password everybody has. */
  async signIn(
    who: { readonly token: string } | { readonly email: string; readonly password?: string },
  ): Promise<void> {
    await this.page.goto(`${this.#url}/portal`);
    if ('token' in who) {
      await this.page.getByText('API token').click();
      await this.page.locator('input[type=password]').fill(who.token);
    } else {
      await this.page.locator('input[type=email]').fill(who.email);
      await this.page.locator('input[type=password]').fill(who.password ?? password);
    }
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page
      .getByRole('navigation', { name: 'Main' })
      .or(this.page.getByRole('button', { name: 'Menu' }))
      .first()
      .waitFor();
  }

  /** A place of the portal, such as `/recent`, without loading it anew. */
  async go(path: string): Promise<void> {
    await this.page.evaluate((to) => history.pushState(null, '', `/portal${to}`), path);
    await this.page.locator('main h1').first().waitFor();
    await this.settled();
  }

  /** Nothing is on its way, and what was drawn is drawn. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
    await this.page.waitForTimeout(350);
  }

  /** Wider than the window? Then a person would have to push it sideways. */
  async overflow(): Promise<number> {
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }

  /** What axe finds wrong, a line each. */
  async axeFaults(): Promise<string[]> {
    await this.page.evaluate(axe);
    return this.page.evaluate(async () => {
      const { axe: engine } = window as unknown as { axe: { run(): Promise<{ violations: AxeFault[] }> } };
      const { violations } = await engine.run();
      return violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`),
      );
      type AxeFault = { id: string; nodes: { html: string; any: { message: string }[] }[] };
    });
  }

  async close(): Promise<void> {
    await this.#context.close();
    assert.deepEqual(this.faults, [], 'errors on the console of the page');
  }
}

/** A browser with one window on the portal, gone at the end whatever happens. */
export async function withWindow(
  server: { readonly graine: { readonly http: { readonly url: string } } },
  look: Look,
  tell: (window: PortalWindow) => Promise<void>,
): Promise<void> {
  const browser = await openBrowser();
  try {
    const window = await PortalWindow.open(browser, server.graine.http.url, look);
    await tell(window);
    await window.close();
  } finally {
    await browser.close();
  }
}
