// What the portal costs: its first load in bytes, and five hundred live calls in frames.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../kit/chromium.ts';
import { startGraine, token } from '../kit/index.ts';
import { PortalStandIn } from '../kit/portal-stand-in.ts';
import { PortalWindow } from '../kit/portal.ts';

const budget = 300_000;

describe('the portal', () => {
  let browser: Browser | undefined;
  after(async () => {
    await browser?.close();
  });

  it('comes compressed, and its first load with the live calls is less than 300 kB in all', async () => {
    const graine = await startGraine({ accounts: [{ name: 'kit' }] });
    browser ??= await openBrowser();
    const window = await PortalWindow.open(browser, graine.http.url);
    const { page } = window;
    const client = await page.context().newCDPSession(page);
    await client.send('Network.enable');
    let bytes = 0;
    client.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    const encodings = new Map<string, string>();
    page.on('response', (response) => {
      const name = new URL(response.url()).pathname;
      if (name.startsWith('/assets/')) encodings.set(name, response.headers()['content-encoding'] ?? 'none');
    });
    await window.signIn({ token });
    await page.getByRole('heading', { name: 'Live calls' }).waitFor();
    await window.settled();
    await window.close();
    await graine.stop();
    console.log(`# first load: ${(bytes / 1000).toFixed(0)} kB in ${encodings.size} assets`);
    assert.ok(bytes > 50_000 && bytes < budget, `${bytes} bytes`);
    const large = [...encodings].filter(([name, encoding]) => encoding !== 'br' && !name.includes('arrow'));
    assert.ok(large.length < encodings.size / 2, `not compressed: ${large.map(([name]) => name).join(' ')}`);
  });

  it('shows five hundred live calls without a long task, drawing only the rows in view', async () => {
    const stand = await PortalStandIn.start(500);
    browser ??= await openBrowser();
    const window = await PortalWindow.open(browser, stand.url);
    const { page } = window;
    await page.goto(`${stand.url}/portal/live`);
    await page.locator('[data-call]').nth(5).waitFor();
    assert.equal(await page.getByRole('status').first().innerText(), '500 live');
    const rows = await page.locator('[data-call]').count();
    assert.ok(rows < 60, `${rows} rows are in the page`);
    const client = await page.context().newCDPSession(page);
    // Of the thread, not of the clock: the machine has other work too.
    await client.send('Performance.enable', { timeDomain: 'threadTicks' });
    const worked = async (): Promise<number> => {
      const { metrics } = await client.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN;
    };
    const before = await worked();
    const seen = await page.evaluate(async () => {
      const tasks: number[] = [];
      const watch = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
      watch.observe({ entryTypes: ['longtask'] });
      const scroller = document.querySelector<HTMLElement>('.live-scroll')!;
      const gaps: number[] = [];
      const begun = performance.now();
      for (let last = begun; last - begun < 5000;) {
        const now = await new Promise<number>(requestAnimationFrame);
        gaps.push(now - last);
        last = now;
        scroller.scrollTop += 12;
      }
      watch.disconnect();
      return { tasks, frames: gaps.length, seconds: (performance.now() - begun) / 1000, worst: Math.max(...gaps) };
    });
    const cpu = ((await worked()) - before) * 1000;
    await window.close();
    await stand.close();
    const rate = seen.frames / seen.seconds;
    const longest = Math.max(0, ...seen.tasks);
    console.log(
      `# 500 live calls, scrolling: ${rate.toFixed(1)} frames a second, ` +
        `${(cpu / seen.frames).toFixed(1)} ms of the main thread a frame, longest gap ${seen.worst.toFixed(0)} ms, ` +
        `${seen.tasks.length} tasks over 50 ms (longest ${longest.toFixed(0)} ms)`,
    );
    assert.ok(longest < 1000, `a task took ${longest} ms`);
  });
});
