/** Looks, for the pairs that no worker hears, whether their far ends still send; and whether rtpengine still knows them. */
import type { Clock, Timer } from '../../base/index.ts';
import { type Anchored, type AnchoredSession, farTag, isSealedThere } from './anchors.ts';
import { sentBy } from './figures.ts';
import type { Switchboard } from './switchboard.ts';

/** How often, at most. */
const LOOK_MS = 5000;
/** A page sends as long as it is there, be its user silent: nobody asks it whether it still wants to hear (RFC 7675). */
const GONE_MS = 30_000;

export type SilenceOptions = {
  readonly board: Switchboard;
  readonly clock: Clock;
  readonly silentMs: number;
  readonly silent: (endpoint: string, silentMs: number) => void;
  /** A far end of WebRTC has not been heard for so long that it is not there any more. */
  readonly gone: (endpoint: string) => void;
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
    const watched = [...session.endpoints].filter((each) => each.pair?.state === 'direct' || isPage(each));
    for (const each of session.endpoints) if (!watched.includes(each)) this.#seen.delete(each.name);
    const { member, id } = session;
    if (watched.length === 0 || member === undefined) return;
    const answer = await member.query(id).catch(() => undefined);
    if (answer === undefined) return;
    const now = this.#options.clock.monotonic();
    for (const each of watched) this.#heard(each, sentBy(answer, farTag(each.name)).packets, now);
  }

  #heard(watched: Anchored, packets: number, now: number): void {
    const { name: endpoint, pair } = watched;
    const seen = this.#seen.get(endpoint);
    if (seen === undefined || seen.packets !== packets) {
      this.#seen.set(endpoint, { packets, since: now, told: now });
      return;
    }
    if (isPage(watched) && now - seen.since >= GONE_MS) {
      this.#seen.delete(endpoint);
      return this.#options.gone(endpoint);
    }
    // Of the others a worker tells.
    if (pair?.state !== 'direct' || now - seen.told < this.#options.silentMs) return;
    seen.told = now;
    this.#options.silent(endpoint, now - seen.since);
  }
}

/** WebRTC that rtpengine speaks, and that is not on hold. */
function isPage(endpoint: Anchored): boolean {
  const { settings } = endpoint;
  const mayBeHeard = settings?.direction === 'sendrecv' || settings?.direction === 'recvonly';
  return settings?.web !== undefined && mayBeHeard && isSealedThere(endpoint);
}
