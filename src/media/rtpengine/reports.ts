/** What the other party says of the audio it gets straight from a far end: its RTCP receiver reports, by rtpengine's books.
 * While rtpengine carries a pair alone nobody here sees a packet. */
import type { Bencoded } from './bencode.ts';
import { isDictionary, type NgAnswer } from './ng-client.ts';
import { at, streamOf } from './answer.ts';

/** Packets that may be missing in a row until a receiver begins to count anew: RFC 3550 A.1, MAX_DROPOUT. */
const MAX_DROPOUT = 3000;
/** Reports that are looked at, of those that rtpengine lists one by one: it lists about ten. */
const MOST_ENTRIES = 64;
const MOST_RESUMED = 64;

/** A report of the listener; `at`: when, in seconds of rtpengine's clock. */
type Entry = { readonly at: number; readonly lossPercent: number };

export type Reported = {
  /** Of the listener. */
  readonly ssrc: number;
  /** Reports so far, and what the averages are of. */
  readonly samples: number;
  /** Of what was due between two reports, in whole percent. */
  readonly lossPercent: number;
  readonly jitterMs: number;
  /** From one far end to the other and back. */
  readonly roundTripMs: number;
  /** All reports or, of many, some. */
  readonly entries: readonly Entry[];
};

/** What the party with this tag reported of what it hears, by an answer to `query`; undefined where it reported nothing, or
 * too little to know the round trip: rtpengine then says nothing of it. Its books have a report under the source that made
 * it. What they call the cumulative loss there is no use: packets that rtpengine itself misses of that very source are added
 * to it, and those go the other way. */
export function reportedBy(answer: NgAnswer, listener: string): Reported | undefined {
  const ssrc = at(streamOf(answer, listener), ['SSRC']);
  if (typeof ssrc !== 'number') return undefined;
  const source = at(answer, ['SSRC', String(ssrc)]);
  const average = at(source, ['average MOS']);
  if (!isDictionary(average)) return undefined;
  const samples = figure(average['samples']);
  const lossPercent = figure(average['packet loss']);
  const jitterMs = figure(average['jitter']);
  const roundTripMs = figure(average['round-trip time']) / 1000;
  if (!(samples > 0 && isPercent(lossPercent) && jitterMs >= 0 && roundTripMs > 0)) return undefined;
  return { ssrc, samples, lossPercent, jitterMs, roundTripMs, entries: entriesOf(at(source, ['MOS progression'])) };
}

function entriesOf(progression: Bencoded | undefined): readonly Entry[] {
  const listed = at(progression, ['entries']);
  if (!Array.isArray(listed)) return [];
  return (listed as readonly Bencoded[])
    .slice(0, MOST_ENTRIES)
    .map((each) => ({ at: figure(at(each, ['reported at'])), lossPercent: figure(at(each, ['packet loss'])) }))
    .filter((each) => each.at > 0 && isPercent(each.lossPercent));
}

const isPercent = (value: number): boolean => value >= 0 && value < 100;

function figure(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

/** When rtpengine last heard the party with this tag, in seconds of its clock. */
export function lastHeard(answer: NgAnswer, tag: string): number | undefined {
  const heard = at(streamOf(answer, tag), ['last packet']);
  return typeof heard === 'number' ? heard : undefined;
}

/** The reports on one far end, whatever goes by a worker meanwhile. */
export class FarReports {
  #last: Reported | undefined;
  /** Of sources that the listener had before this one, and of books that were closed. */
  #before = { samples: 0, percents: 0 };
  /** When it was heard directly again: the report after that has a hole. */
  #resumed: number[] = [];

  get last(): Reported | undefined {
    return this.#last;
  }

  /** Of what the far end sent, this share did not reach the other; undefined while that is not known. */
  get lossPercent(): number | undefined {
    const { samples, percents } = this.#all();
    return samples === 0 ? undefined : percents / samples;
  }

  take(reported: Reported | undefined): void {
    if (reported === undefined) return;
    const last = this.#last;
    if (last !== undefined && (last.ssrc !== reported.ssrc || reported.samples < last.samples)) {
      this.#before = this.#all();
      this.#resumed = [];
    }
    this.#last = reported;
  }

  /** So many packets went by a worker, as those of another source, and now it is heard directly again: its listener calls
   * that a hole of the source it knew. `at`: by rtpengine's clock. */
  resumed(packets: number, at: number): void {
    if (packets === 0 || packets >= MAX_DROPOUT) return;
    this.#resumed = [...this.#resumed.slice(1 - MOST_RESUMED), at];
  }

  #all(): { samples: number; percents: number } {
    const { samples, percents } = this.#before;
    const [counted, percent] = this.#lately();
    return { samples: samples + counted, percents: percents + counted * percent };
  }

  /** Of how many reports, and what they say on average. One with a hole can only be left out where they are listed. */
  #lately(): readonly [samples: number, lossPercent: number] {
    const last = this.#last;
    if (last === undefined) return [0, 0];
    if (this.#resumed.length === 0) return [last.samples, last.lossPercent];
    const whole = this.#resumed.reduce(withoutHole, last.entries);
    const sum = whole.reduce((all, { lossPercent }) => all + lossPercent, 0);
    return whole.length === 0 ? [0, 0] : [whole.length, sum / whole.length];
  }
}

/** Of the same second it is not known whether they came before or after. */
function withoutHole(entries: readonly Entry[], resumed: number): readonly Entry[] {
  const next = entries.find(({ at }) => at > resumed);
  return entries.filter((each) => each.at !== resumed && each !== next);
}
