/** Looks, for the pairs that no worker hears, whether their far ends still send; and whether rtpengine still knows them. */
import type { Clock, Timer } from '../../base/index.ts';
import { type AnchoredSession, farTag } from './anchors.ts';
import { sentBy } from './figures.ts';
import type { Switchboard } from './switchboard.ts';

/** How often, at most. */
const LOOK_MS = 5000;

export type SilenceOptions = {
  readonly board: Switchboard;
  readonly clock: Clock;
  readonly silentMs: number;
  readonly silent: (endpoint: string, silentMs: number) => void;
};

type Seen = { packets: number; since: number; told: number };

export class SilenceWatch {
  readonly #options: SilenceOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #timer: Timer;
  #state: 'idle' | 'looking' = 'idle';

  constructor(options: SilenceOptions) {
    this.#options = options;
    const { clock, silentMs } = options;
    const every = Math.min(LOOK_MS, Math.max(200, silentMs / 2));
    this.#timer = clock.every(every, 'rtpengine silence', () => void this.#look());
  }

  forget(endpoint: string): void {
    this.#seen.delete(endpoint);
  }

  close(): void {
    this.#timer.cancel();
    this.#seen.clear();
  }

  /** One call after the other, so that rtpengine is never asked in a burst. */
  async #look(): Promise<void> {
    if (this.#state === 'looking') return;
    this.#state = 'looking';
    for (const session of this.#options.board.sessions.values()) await this.#ask(session);
    this.#state = 'idle';
  }

  async #ask(session: AnchoredSession): Promise<void> {
    const direct = [...session.endpoints].filter(({ pair }) => pair?.state === 'direct');
    const { member, id } = session;
    if (direct.length === 0 || member === undefined) return;
    const answer = await member.query(id).catch(() => undefined);
    if (answer === undefined) return;
    const now = this.#options.clock.monotonic();
    for (const { name, pair } of direct) {
      if (pair?.state === 'direct') this.#heard(name, sentBy(answer, farTag(name)).packets, now);
      else this.#seen.delete(name);
    }
  }

  #heard(endpoint: string, packets: number, now: number): void {
    const seen = this.#seen.get(endpoint);
    if (seen === undefined || seen.packets !== packets) {
      this.#seen.set(endpoint, { packets, since: now, told: now });
      return;
    }
    if (now - seen.told < this.#options.silentMs) return;
    seen.told = now;
    this.#options.silent(endpoint, now - seen.since);
  }
}
