import { PcmRingWriter } from '../../base/index.ts';
import type { TapRate, TapSource } from '../../ports/index.ts';

/** Sound of an endpoint on its way to another thread. */
export class Tap {
  readonly source: TapSource;
  readonly rate: TapRate;
  readonly #ring: PcmRingWriter;
  readonly #frame: Int16Array;

  constructor(memory: SharedArrayBuffer, source: TapSource) {
    this.#ring = new PcmRingWriter(memory);
    this.source = source;
    this.rate = this.#ring.rate as TapRate;
    this.#frame = new Int16Array((this.rate / 50) * this.#ring.channels);
  }

  get hearsSaid(): boolean {
    return this.source !== 'heard';
  }

  get hearsHeard(): boolean {
    return this.source !== 'said';
  }

  /** Takes 20 ms of each direction at its rate; undefined where there is silence. */
  write(said: Int16Array | undefined, heard: Int16Array | undefined): void {
    const frame = this.#frame;
    const { source } = this;
    if (source === 'both') interleave(frame, said, heard);
    else if (source === 'mixed') add(frame, said, heard);
    else {
      const only = source === 'said' ? said : heard;
      if (only === undefined) frame.fill(0);
      else frame.set(only);
    }
    this.#ring.write(frame);
  }

  close(): void {
    this.#ring.close();
  }
}

function interleave(into: Int16Array, left: Int16Array | undefined, right: Int16Array | undefined): void {
  for (let i = 0; i * 2 < into.length; i++) {
    into[i * 2] = left === undefined ? 0 : left[i]!;
    into[i * 2 + 1] = right === undefined ? 0 : right[i]!;
  }
}

function add(into: Int16Array, a: Int16Array | undefined, b: Int16Array | undefined): void {
  for (let i = 0; i < into.length; i++) {
    const sum = (a === undefined ? 0 : a[i]!) + (b === undefined ? 0 : b[i]!);
    into[i] = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
  }
}
