/** Rows wait to be written in batches; whoever has heard of one and asks for it should find it. */
import type { Clock } from '../base/index.ts';
import type { Store } from '../ports/index.ts';

const longestMs = 1000;

/** Resolves when what waits now is written, or when the store cannot be reached just then: what is there is shown. */
export function whenWritten(store: Pick<Store, 'flush'>, clock: Pick<Clock, 'after'>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(longestMs, 'rows to be written', resolve);
    const done = (): void => {
      timer.cancel();
      resolve();
    };
    store.flush().then(done, done);
  });
}
