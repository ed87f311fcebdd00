/** Sound on its way back into the call: clips and marks in one queue, written to a feed in time with the beat.
 *
 *  playAudio, binary ──► queue: clip mark clip … ──► LEAD_MS ahead of the clock ──► feed ring ──► far end hears it
 *
 * Only what is about to be heard is in the ring, so that killAudio is heard at once. */
import { PcmRingWriter } from '../base/index.ts';
import type { TapRate } from '../ports/index.ts';
import { Clip } from './clip.ts';
import { limits } from './limits.ts';

/** How far the feed is filled ahead: the reader's beat and ours are not one, and it waits for two frames to begin. */
const LEAD_MS = 60;

type Sound = {
  readonly clip: Clip;
  /** Of playAudio, not of binary frames. */
  readonly counted: boolean;
};
type Mark = { readonly mark: string };
type Item = Sound | Mark;

export type PlayoutOptions = {
  /** A frame for the listener. */
  readonly tell: (message: Readonly<Record<string, unknown>>) => void;
  /** Sound of this rate waits for its feed. */
  readonly want: (rate: TapRate) => void;
};

export class Playout {
  readonly #options: PlayoutOptions;
  #queue: Item[] = [];
  /** Written to the feed, to be told when they were heard. */
  #soon: { readonly at: number; readonly item: Item }[] = [];
  #bytes = 0;
  #clips = 0;
  #marks = 0;
  readonly #feeds = new Map<TapRate, PcmRingWriter | 'wanted' | 'none'>();
  /** Sound without a gap that plays now: when it began, and how much of it was written, ms. */
  #run: { readonly at: number; written: number } | undefined;

  constructor(options: PlayoutOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#soon.length === 0;
  }

  feed(rate: TapRate, memory: SharedArrayBuffer | undefined): void {
    this.#feeds.set(rate, memory === undefined ? 'none' : new PcmRingWriter(memory));
  }

  /** A clip of playAudio: after the others, or in place of all that waits. False: too much waits. */
  play(clip: Clip, queue: boolean): boolean {
    if (!queue) this.kill();
    if (this.#clips > limits.clips || this.#bytes + clip.bytes > limits.queuedBytes) return false;
    this.#clips++;
    this.#push({ clip, counted: true });
    return true;
  }

  /** Sound of binary frames. False: too much waits. */
  stream(samples: Int16Array, rate: TapRate): boolean {
    if (this.#bytes + samples.byteLength > limits.queuedBytes) return false;
    this.#push({ clip: new Clip(samples, rate), counted: false });
    return true;
  }

  /** Told when all before it has been heard. False: too many wait. */
  mark(name: string): boolean {
    if (this.#marks >= limits.marks) return false;
    if (this.idle) {
      this.#tell({ mark: name }, 'playout');
      return true;
    }
    this.#marks++;
    this.#queue.push({ mark: name });
    return true;
  }

  clearMarks(): void {
    const marks = [...this.#soon.map(({ item }) => item), ...this.#queue].filter(isMark);
    this.#soon = this.#soon.filter(({ item }) => !isMark(item));
    this.#queue = this.#queue.filter((item) => !isMark(item));
    this.#marks = 0;
    for (const mark of marks) this.#tell(mark, 'cleared');
  }

  /** Nothing that waits is played; its marks are cleared. Of clips only the one that is heard now is done. */
  kill(): void {
    this.clearMarks();
    const begun = this.#queue[0];
    const current = this.#soon.map(({ item }) => item);
    if (begun !== undefined && !isMark(begun) && begun.clip.begun) current.push(begun);
    this.#queue = [];
    this.#soon = [];
    this.#bytes = 0;
    this.#clips = 0;
    this.#run = undefined;
    for (const item of current) this.#tell(item, 'playout');
  }

  /** Writes what is due and tells what was heard. `now` is monotonic ms. */
  beat(now: number): void {
    while (this.#queue[0] !== undefined && this.#step(this.#queue[0], now)) this.#queue.shift();
    while (this.#soon[0] !== undefined && this.#soon[0].at <= now) {
      const { item } = this.#soon.shift()!;
      if (isMark(item)) this.#marks--;
      this.#tell(item, 'playout');
    }
  }

  #push(sound: Sound): void {
    this.#bytes += sound.clip.bytes;
    this.#queue.push(sound);
  }

  /** True: the item is through. */
  #step(item: Item, now: number): boolean {
    if (!isMark(item)) {
      const feed = this.#feedOf(item.clip.rate);
      if (feed === 'wanted') return false;
      if (feed !== 'none' && !this.#write(item, feed, now)) return false;
      this.#bytes -= item.clip.bytes;
      if (item.counted) this.#clips--;
    }
    if (isMark(item) || item.counted) this.#soon.push({ at: this.#runEnd(now), item });
    return true;
  }

  /** True: all of the clip was written. */
  #write({ clip }: Sound, feed: PcmRingWriter, now: number): boolean {
    if (this.#run === undefined || now >= this.#runEnd(now)) this.#run = { at: now, written: 0 };
    const run = this.#run;
    while (!clip.done) {
      const due = Math.floor(((now - run.at + LEAD_MS - run.written) * clip.rate) / 1000);
      if (due <= 0) return false;
      const samples = clip.take(due);
      feed.write(samples);
      run.written += (samples.length * 1000) / clip.rate;
    }
    return true;
  }

  /** When the last of what was written has been heard. */
  #runEnd(now: number): number {
    return this.#run === undefined ? now : this.#run.at + this.#run.written;
  }

  #feedOf(rate: TapRate): PcmRingWriter | 'wanted' | 'none' {
    const feed = this.#feeds.get(rate);
    if (feed !== undefined) return feed;
    this.#feeds.set(rate, 'wanted');
    this.#options.want(rate);
    return 'wanted';
  }

  #tell(item: Item, event: 'playout' | 'cleared'): void {
    if (isMark(item)) this.#options.tell({ type: 'mark', data: { name: item.mark, event } });
    else if (item.counted) {
      const { id } = item.clip;
      this.#options.tell({ type: 'playDone', data: id === undefined ? {} : { id } });
    }
  }
}

function isMark(item: Item): item is Mark {
  return 'mark' in item;
}
