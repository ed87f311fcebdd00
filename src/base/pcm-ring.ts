/** Sound on its way from one thread to another: 16-bit samples in shared memory, one writer, one reader, no messages.
 *
 * The writer never waits and never looks at the reader: who reads too slowly loses the oldest sound, and is told how
 * much. Indices count frames since the beginning and wrap at 2^32; a frame is one sample of every channel. */

const WRITTEN = 0;
const CLOSED = 1;
const RATE = 2;
const CHANNELS = 3;
const CAPACITY = 4;
const HEADER_WORDS = 8;

export type PcmFormat = {
  /** Frames a second. */
  readonly rate: number;
  readonly channels: 1 | 2;
};

/** Shared memory for `seconds` of sound. */
export function createPcmRing(format: PcmFormat, seconds: number): SharedArrayBuffer {
  // A power of two, so that the place of a frame stays right when its index wraps.
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(1, seconds * format.rate)));
  const memory = new SharedArrayBuffer(HEADER_WORDS * 4 + capacity * format.channels * 2);
  const header = new Int32Array(memory, 0, HEADER_WORDS);
  header[RATE] = format.rate;
  header[CHANNELS] = format.channels;
  header[CAPACITY] = capacity;
  return memory;
}

class RingView {
  protected readonly header: Int32Array;
  protected readonly samples: Int16Array;
  readonly rate: number;
  readonly channels: number;
  /** Frames that fit. */
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.header = new Int32Array(memory, 0, HEADER_WORDS);
    this.samples = new Int16Array(memory, HEADER_WORDS * 4);
    this.rate = this.header[RATE]!;
    this.channels = this.header[CHANNELS]!;
    this.capacity = this.header[CAPACITY]!;
  }

  protected get written(): number {
    return Atomics.load(this.header, WRITTEN) >>> 0;
  }

  /** No more will come. */
  get closed(): boolean {
    return Atomics.load(this.header, CLOSED) === 1;
  }

  close(): void {
    Atomics.store(this.header, CLOSED, 1);
  }
}

export class PcmRingWriter extends RingView {
  /** Appends interleaved samples; at most `capacity` frames at a time. */
  write(samples: Int16Array): void {
    const written = this.written;
    const size = this.samples.length;
    const at = (written % this.capacity) * this.channels;
    const first = Math.min(samples.length, size - at);
    this.samples.set(first === samples.length ? samples : samples.subarray(0, first), at);
    if (first < samples.length) this.samples.set(samples.subarray(first), 0);
    Atomics.store(this.header, WRITTEN, (written + samples.length / this.channels) | 0);
  }
}

export class PcmRingReader extends RingView {
  #read: number;
  /** Frames lost because they were not read in time. */
  dropped = 0;

  /** Reads from now on what is written from now on. */
  constructor(memory: SharedArrayBuffer, from: 'now' | 'start' = 'start') {
    super(memory);
    this.#read = from === 'now' ? this.written : 0;
  }

  /** Frames that wait. */
  get available(): number {
    this.#catchUp();
    return (this.written - this.#read) >>> 0;
  }

  /** Copies up to `target.length / channels` frames and returns how many. */
  read(target: Int16Array): number {
    const wanted = Math.floor(target.length / this.channels);
    for (;;) {
      const count = Math.min(wanted, this.available);
      this.#copy(target, count);
      // What was overwritten while it was copied is not sound any more.
      if (!this.#catchUp()) {
        this.#read = (this.#read + count) >>> 0;
        return count;
      }
    }
  }

  /** Leaves out what waits, all but the newest `frames`. Not counted as lost. */
  skip(frames = 0): void {
    const over = this.available - frames;
    if (over > 0) this.#read = (this.#read + over) >>> 0;
  }

  /** True when frames were lost: the place moved on to the oldest that is still there. */
  #catchUp(): boolean {
    const over = ((this.written - this.#read) >>> 0) - this.capacity;
    if (over <= 0) return false;
    this.dropped += over;
    this.#read = (this.#read + over) >>> 0;
    return true;
  }

  #copy(target: Int16Array, frames: number): void {
    const length = frames * this.channels;
    const at = (this.#read % this.capacity) * this.channels;
    const first = Math.min(length, this.samples.length - at);
    target.set(this.samples.subarray(at, at + first), 0);
    if (first < length) target.set(this.samples.subarray(0, length - first), first);
  }
}
