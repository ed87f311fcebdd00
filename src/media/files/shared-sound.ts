/** A sound in memory that threads share: mono, 16 bit. One thread decodes into it while others play what is there.
 *
 *  ┌ Int32 ready ┬ Int32 state ┬ Int32 rate ┬ Int32 spare ┬ Int16 samples …
 *
 * `ready` counts the samples that are there. It only grows, and is set after them. */
const HEAD = 16;
const READY = 0;
const STATE = 1;
const RATE = 2;

const GROWING = 0;
const WHOLE = 1;
const BROKEN = 2;

export class SharedSound {
  readonly memory: SharedArrayBuffer;
  readonly samples: Int16Array;
  readonly #head: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, HEAD / 4);
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
    sound.end(false);
    return sound;
  }

  get rate(): number {
    return this.#head[RATE]!;
  }

  /** Samples that may be played by now. */
  get ready(): number {
    return Atomics.load(this.#head, READY);
  }

  /** No more samples come. Ask before `ready`: then that is the length. */
  get ended(): boolean {
    return Atomics.load(this.#head, STATE) !== GROWING;
  }

  /** It ended before its time: the decoder gave it up. */
  get broken(): boolean {
    return Atomics.load(this.#head, STATE) === BROKEN;
  }

  /** What finds no room is lost: the room was made for the length the file tells. */
  append(samples: Int16Array): void {
    const at = this.#head[READY]!;
    const count = Math.min(samples.length, this.samples.length - at);
    this.samples.set(samples.subarray(0, count), at);
    Atomics.store(this.#head, READY, at + count);
  }

  end(broken: boolean): void {
    Atomics.compareExchange(this.#head, STATE, GROWING, broken ? BROKEN : WHOLE);
  }
}
