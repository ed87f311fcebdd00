/** Seals what is written down of standing calls: keys of their audio and passwords of hooks are in it. Each is bound to its
 * call, which stands before it. What an older version wrote in plain is read too. */
import { type Log, messageOf } from '../base/index.ts';
import type { StandingCalls } from '../ports/index.ts';
import type { StandingSealer } from './standing-redis.ts';

const kind = 'standing';

export class SealedStanding implements StandingCalls {
  readonly #inner: StandingCalls;
  readonly #sealer: StandingSealer;
  readonly #log: Log;

  constructor(inner: StandingCalls, { sealer, log }: { sealer: StandingSealer; log: Log }) {
    this.#inner = inner;
    this.#sealer = sealer;
    this.#log = log;
  }

  keep(sid: string, snapshot: string, tags: readonly string[]): void {
    this.#inner.keep(sid, `${sid} ${this.#sealer.seal({ kind, sid }, snapshot)}`, tags);
  }

  drop(sid: string): void {
    this.#inner.drop(sid);
  }

  settled(sid: string): ReturnType<StandingCalls['settled']> {
    return this.#inner.settled(sid);
  }

  onStale(hear: (sid: string) => void): void {
    this.#inner.onStale(hear);
  }

  async left(): Promise<readonly string[]> {
    const all = await this.#inner.left();
    return all.map((each) => this.#open(each)).filter((each) => each !== undefined);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #open(written: string): string | undefined {
    if (written.startsWith('{')) return written;
    const space = written.indexOf(' ');
    const sid = written.slice(0, space);
    try {
      return this.#sealer.open({ kind, sid }, written.slice(space + 1));
    } catch (fault) {
      this.#log.error({ sessionSid: sid.slice(0, 64), why: messageOf(fault) }, 'a standing call cannot be read');
      return undefined;
    }
  }
}
