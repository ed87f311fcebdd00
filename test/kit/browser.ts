/** Real browsers: Debian's Chromium under playwright-core, each tab a phone made of a page in test/browser/page. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type StdinOptions } from 'esbuild';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { after } from '../../src/testing/index.ts';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // Where the machine has no other network.
  '--allow-loopback-in-peer-connection',
];
const pages = fileURLToPath(new URL('../browser/page/', import.meta.url));
const WAIT_MS = 20_000;

export type Library = 'jssip' | 'sipjs';
/** `socket`: several, with a space between them, of a server with several nodes. */
export type Login = { readonly socket: string; readonly uri: string; readonly password: string; readonly hz: number };

/** One tab. What it happens to is in `events`, in the library's words. */
export class Tab {
  readonly page: Page;
  readonly #url: string;
  #login: Login | undefined;
  #seen = 0;

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  /** Opens the page and registers. */
  async register(login: Login): Promise<void> {
    this.#login = login;
    await this.page.goto(this.#url);
    await this.does('start', login);
  }

  /** The page is loaded anew and registers again: everything it knew is gone. */
  async reload(): Promise<void> {
    if (this.#login === undefined) throw new Error('this tab was never registered');
    this.#seen = 0;
    await this.register(this.#login);
  }

  /** Calls a function of the page's phone. */
  does(what: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.page.evaluate(
      ([name, list]) => {
        const { phone } = globalThis as unknown as { phone: Record<string, (...all: unknown[]) => unknown> };
        return phone[name]?.(...list);
      },
      [what, args] as const,
    );
  }

  async events(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { phone: { events: string[] } }).phone.events);
  }

  /** Waits for the next event that matches; those before it are skipped. */
  async sees(match: RegExp, within = WAIT_MS): Promise<string> {
    let events: string[] = [];
    for (const end = performance.now() + within; performance.now() < end; await after(20)) {
      events = await this.events();
      const at = events.findIndex((event, index) => index >= this.#seen && match.test(event));
      if (at < 0) continue;
      this.#seen = at + 1;
      return events[at] ?? '';
    }
    throw new Error(`the tab never saw ${match}: ${JSON.stringify(events)}`);
  }

  /** Waits until the loudest of what it hears is this tone. */
  async hears(hz: number): Promise<void> {
    let heard = { hz: 0, db: -999 };
    for (const end = performance.now() + WAIT_MS; performance.now() < end; await after(50)) {
      heard = (await this.does('hears')) as typeof heard;
      if (Math.abs(heard.hz - hz) <= 12 && heard.db > -60) return;
    }
    throw new Error(`the tab never heard ${hz} Hz: ${JSON.stringify(heard)}, ${JSON.stringify(await this.events())}`);
  }

  async hearsNothing(): Promise<void> {
    let heard = { hz: 0, db: 0 };
    for (const end = performance.now() + WAIT_MS; performance.now() < end; await after(50)) {
      heard = (await this.does('hears')) as typeof heard;
      if (heard.db < -90) return;
    }
    throw new Error(`the tab still hears: ${JSON.stringify(heard)}`);
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

export class Browser {
  readonly #context: BrowserContext;
  readonly #server: Server;
  readonly #profile: string;
  readonly #scripts: Map<string, string>;
  readonly #bodies = new Map<string, string>();

  private constructor(context: BrowserContext, profile: string, scripts: Map<string, string>) {
    this.#context = context;
    this.#profile = profile;
    this.#scripts = scripts;
    this.#server = createServer(({ url = '' }, response) => {
      // A connection that is kept would look like one the server under test left.
      response.setHeader('Connection', 'close');
      const script = scripts.get(url);
      response.setHeader('Content-Type', script === undefined ? 'text/html; charset=utf-8' : 'text/javascript');
      const body = this.#bodies.get(url) ?? '';
      response.end(script ?? `<!doctype html><title>phone</title>${body}<script src="${url}.js"></script>`);
    });
  }

  static async start(): Promise<Browser> {
    const scripts = new Map<string, string>();
    for (const name of ['jssip', 'sipjs']) {
      scripts.set(`/${name}.js`, await bundle({ entryPoints: [path.join(pages, `${name}.js`)] }));
    }
    const profile = mkdtempSync(path.join(os.tmpdir(), 'graine-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: flags,
    });
    const browser = new Browser(context, profile, scripts);
    await new Promise<void>((resolve) => browser.#server.listen(0, '127.0.0.1', resolve));
    return browser;
  }

  async tab(library: Library = 'jssip'): Promise<Tab> {
    const page = await this.#context.newPage();
    return new Tab(page, `${this.#url}/${library}`);
  }

  /** A page of this code and these elements. */
  async page(code: string, body: string): Promise<Page> {
    const name = `/page${this.#scripts.size}`;
    this.#scripts.set(`${name}.js`, await bundle({ stdin: { contents: code, resolveDir: pages } }));
    this.#bodies.set(name, body);
    const page = await this.#context.newPage();
    await page.goto(`${this.#url}${name}`);
    return page;
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await this.#context.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function bundle(source: { entryPoints: string[] } | { stdin: StdinOptions }): Promise<string> {
  const { outputFiles } = await build({
    ...source,
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
