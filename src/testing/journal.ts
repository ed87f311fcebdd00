/** A list that can be waited on: what already happened counts, so a test never races the thing it waits for. */
export class Journal<T> {
  readonly entries: T[] = [];
  /** It forgets the older half of more than these. A test wants all; a phone that runs for long must not. */
  limit = Infinity;
  readonly #waiters = new Set<(entry: T) => void>();
  readonly #followers = new Set<(entry: T) => void>();
  readonly #stops = new Set<(why: string) => void>();

  /** Called with every entry from now on; the returned function ends it. */
  follow(listener: (entry: T) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  add(entry: T): void {
    this.entries.push(entry);
    if (this.entries.length > this.limit) this.entries.splice(0, this.limit / 2);
    for (const follower of this.#followers) follower(entry);
    for (const waiter of this.#waiters) waiter(entry);
  }

  /** The first entry (from index `since` on) that matches, now or later. Rejects after `within` ms, with the story. */
  until(match: (entry: T) => boolean, options: WaitOptions): Promise<T> {
    const past = this.entries.slice(options.since ?? 0).find(match);
    if (past !== undefined) return Promise.resolve(past);
    const promise = new Promise<T>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        this.#stops.delete(stop);
      };
      const stop = (why: string): void => {
        done();
        reject(new Error(`${why} while waiting for ${options.what}\n${options.story?.() ?? ''}`));
      };
      const waiter = (entry: T): void => {
        if (!match(entry)) return;
        done();
        resolve(entry);
      };
      const within = options.within ?? patience;
      const timer = setTimeout(() => stop(`nothing came for ${within} ms`), within);
      this.#waiters.add(waiter);
      this.#stops.add(stop);
    });
    promise.catch(() => {});
    return promise;
  }

  /** Ends every wait with this reason. */
  close(why: string): void {
    for (const stop of this.#stops) stop(why);
  }
}

/** How long a wait lasts where the caller does not say, ms. */
export const patience = 15_000;

export type WaitOptions = {
  /** What is waited for, in words: it heads the failure. */
  readonly what: string;
  readonly within?: number;
  /** Ignore entries before this index. */
  readonly since?: number;
  /** What happened so far: printed when the wait fails. */
  readonly story?: () => string;
};

/** Resolves after `ms`. For phones that take their time; a test waits for events instead. */
export function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
