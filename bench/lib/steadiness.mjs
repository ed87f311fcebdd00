/** How steady the machine is: what one piece of arithmetic takes, always the same, once every 100 ms as calls come. Where its
 * p99 is many times its p50, so is that of every server here, whatever it does. */
import { sleep, spread } from './numbers.mjs';

/** About a millisecond, in registers alone. */
function work() {
  let value = 1;
  for (let i = 0; i < 600_000; i++) value = (Math.imul(value, 3) + i) | 0;
  return value;
}

export async function steadiness(count) {
  for (let warm = 0; warm < 50; warm++) work();
  const took = [];
  for (let i = 0; i < count; i++) {
    await sleep(100);
    const start = performance.now();
    work();
    took.push(performance.now() - start);
  }
  return spread(took);
}
