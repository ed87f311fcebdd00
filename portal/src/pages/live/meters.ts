/** Level meters: one loop a page moves the bars that are on the screen by transform, without React. */
import { type RefObject, useEffect } from 'react';
import { useFeed } from '../../shell/index.ts';

const floorDb = -60;
/** How fast a bar falls, in parts of its length a second; it rises at once. */
const fallPerSecond = 1.8;

export function lengthOf(db: number | undefined): number {
  if (db === undefined || !Number.isFinite(db)) return 0;
  return Math.min(1, Math.max(0, 1 - db / floorDb));
}

type Bar = HTMLElement & { shown?: number };

/** Bars are elements with `data-meter` (the call sid) below `root`. */
export function useMeters(root: RefObject<HTMLElement | null>): void {
  const feed = useFeed();
  useEffect(() => {
    let last = performance.now();
    let frame = requestAnimationFrame(function draw(now) {
      const fall = ((now - last) / 1000) * fallPerSecond;
      last = now;
      for (const bar of root.current?.querySelectorAll<Bar>('[data-meter]') ?? []) {
        const wanted = lengthOf(feed.levelOf(bar.dataset['meter'] ?? '', now));
        const shown = Math.max(wanted, (bar.shown ?? 0) - fall);
        if (shown === bar.shown) continue;
        bar.shown = shown;
        bar.style.transform = `scaleX(${shown.toFixed(3)})`;
      }
      frame = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(frame);
  }, [feed, root]);
}
