import { SharedFate } from '../../base/index.ts';

/** A sound in memory that threads share: mono, 16 bit. One thread decodes into it while others play what is there.
 *
 *  ┌ Int32 ready ┬ Int32 rate ┬ its fate (base/shared-fate.ts) ┬ Int16 samples …
 *
 * `ready` counts the samples that are there. It only grows, and is set after them. */
const READY = 0;
const RATE = 1;
const FATE_AT = 8;
const HEAD = FATE_AT + SharedFate.bytes;

export class SharedSound {
  readonly memory: SharedArrayBuffer;
  readonly samples: Int16Array;
  readonly #head: Int32Array;
  readonly #fate: SharedFate;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, FATE_AT / 4);
    this.#fate = new SharedFate(memory, FATE_AT);
    this.samples = new Int16Array(memory, HEAD);
  }

  /** Room for `length` samples at `rate` Hz, none of them there yet. */
  static make(length: number, rate: number): SharedSound {
    const sound = new SharedSound(new SharedArrayBuffer(HEAD + length * 2));
    sound.#head[RATE] = rate;
    return sound;
  }

  /** A sound that is whole from the start. */
  static of(samples: Int16Array, rate: number): SharedSound {
    const sound = SharedSound.make(samples.length, rate);
    sound.append(samples);
    sound.end();
    return sound;
  }

  get rate(): number {
    return this.#head[RATE]!;
  }

  /** Samples that may be played by now. */
  get ready(): number {
    return Atomics.load(this.#head, READY);
  }

  /** Memory really in use: room that nothing was written to costs none. */
  get bytes(): number {
    return HEAD + this.ready * 2;
  }

  /** No more samples come. Ask before `ready`: then that is the length. */
  get ended(): boolean {
    return this.#fate.ended;
  }

  /** Why it ended before its time. */
  get fault(): string | undefined {
    return this.#fate.fault;
  }

  /** What finds no room is lost: the room was made for the length the file tells. */
  append(samples: Int16Array): void {
    const at = this.#head[READY]!;
    const count = Math.min(samples.length, this.samples.length - at);
    this.samples.set(samples.subarray(0, count), at);
    Atomics.store(this.#head, READY, at + count);
  }

  end(fault?: string): void {
    this.#fate.end(fault);
  }
}
