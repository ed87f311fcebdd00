/** Debian's Chromium, headless, with an empty profile of its own for each start. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { ensureDebian } from './debian.ts';

const executablePath = '/usr/bin/chromium';

/** It talks to nobody but the pages it is given. */
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `more`: further command line switches. Whoever opens it closes it. */
export async function openBrowser(more: readonly string[] = []): Promise<Browser> {
  if (!existsSync(executablePath) && !ensureDebian(['chromium'])) throw new Error('there is no Chromium');
  return chromium.launch({ executablePath, args: [...quiet, ...more] });
}
