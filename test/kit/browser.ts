/** Real browsers: Debian's Chromium under playwright-core, each tab a phone made of a page in test/browser/page. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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
const WAIT_MS = 8000;

export type Library = 'jssip' | 'sipjs';
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
  async sees(match: RegExp): Promise<string> {
    let events: string[] = [];
    for (const end = performance.now() + WAIT_MS; performance.now() < end; await after(20)) {
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

  private constructor(context: BrowserContext, server: Server, profile: string) {
    this.#context = context;
    this.#server = server;
    this.#profile = profile;
  }

  static async start(): Promise<Browser> {
    const scripts = new Map<string, string>(
      await Promise.all(
        (['jssip', 'sipjs'] as const).map(async (name) => [`/${name}.js`, await bundle(name)] as const),
      ),
    );
    const server = createServer((request, response) => {
      // A connection that is kept would look like one the server under test left.
      response.setHeader('Connection', 'close');
      const script = scripts.get(request.url ?? '');
      if (script !== undefined) return void response.setHeader('Content-Type', 'text/javascript').end(script);
      const name = (request.url ?? '').slice(1);
      response
        .setHeader('Content-Type', 'text/html')
        .end(`<!doctype html><title>phone</title><script src="/${name}.js"></script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const profile = mkdtempSync(path.join(os.tmpdir(), 'graine-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: flags,
    });
    return new Browser(context, server, profile);
  }

  async tab(library: Library = 'jssip'): Promise<Tab> {
    const page = await this.#context.newPage();
    return new Tab(page, `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${library}`);
  }

  async close(): Promise<void> {
    await this.#context.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function bundle(name: Library): Promise<string> {
  const options = { bundle: true, write: false, format: 'iife', platform: 'browser', logLevel: 'error' } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [path.join(pages, `${name}.js`)] });
  return outputFiles[0]?.text ?? '';
}
