/** Opus (RFC 6716), one channel, over libopus compiled to WebAssembly, at the rate of whoever takes the sound: a voice that
 * comes from G.711 is coded for a third of the price, and nothing has to be converted. Decision 6 says why this package and
 * why its inner module: its public door is made of promises and new arrays, and a worker that waits in the kernel has no
 * event loop to settle them. */
import type { OpusParameters } from './opus-parameters.ts';

/** Hz of the samples on our side; on the wire the clock is always 48000. */
export type OpusRate = 8000 | 16_000 | 48_000;
const VOIP = 2048;
/** RFC 6716 §3.1: a packet is at most 120 ms; 1275 bytes are a frame, and no datagram of ours is longer than this. */
const MOST_MS = 120;
const MOST_BYTES = 1500;
/** Bits a second of a voice that nobody limits, by the band there is. */
const BITRATE: Readonly<Record<OpusRate, number>> = { 8000: 18_000, 16_000: 26_000, 48_000: 32_000 };
/** Of 0 to 10. At full band 5 is 60 % dearer than 0 and about half the price of 9; decision 6 has the figures. What comes
 * from a telephone band has less to lose, and there are more of such calls. */
const COMPLEXITY: Readonly<Record<OpusRate, number>> = { 8000: 1, 16_000: 3, 48_000: 5 };
/** What a thread that has hardly time left codes with: a little rougher, and everybody is still served in time. */
const THRIFTY = 0;
/** Loss that the encoder is told of, percent: with less it spends no bits on copies, with more it has none left. */
const LEAST_LOSS = 5;
const MOST_LOSS = 30;
const SETTING = { bitrate: 4002, bandwidth: 4004, complexity: 4010, fec: 4012, loss: 4014, dtx: 4016 } as const;

/** What we call of the compiled library: plain functions over one memory, whose views are replaced when it grows. */
type Library = {
  readonly HEAPU8: Uint8Array;
  readonly HEAP16: Int16Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _oc_create_encoder(rate: number, channels: number, application: number, error: number): number;
  _oc_create_decoder(rate: number, channels: number, error: number): number;
  _oc_destroy_encoder(encoder: number): void;
  _oc_destroy_decoder(decoder: number): void;
  _oc_encoder_ctl(encoder: number, request: number, value: number): number;
  _oc_encode(encoder: number, pcm: number, samples: number, packet: number, most: number): number;
  // oxlint-disable-next-line max-params -- the library's own signature
  _oc_decode(decoder: number, packet: number, length: number, pcm: number, samples: number, fec: number): number;
};

async function load(): Promise<Library | undefined> {
  try {
    const door = import.meta.resolve('libopus-wasm');
    const inner = (await import(new URL('generated/libopus.generated.mjs', door).href)) as {
      default: () => Promise<Library>;
    };
    return await inner.default();
  } catch {
    // Without the package everything else still runs; Opus is then not offered.
    return undefined;
  }
}

/** Loaded while modules load: the last moment at which a worker may wait for a promise. */
const library = await load();

/** Whether this process can speak Opus at all. */
export function hasOpus(): boolean {
  return library !== undefined;
}

let thrifty = false;

/** All encoders of this thread save time, or no longer. They change with their next packet. */
export function saveOpusTime(on: boolean): void {
  thrifty = on;
}

/** RFC 7587 §3.1.3: the audio bandwidth that suits a playback rate. */
function bandwidthOf(playbackRate: number): number {
  if (playbackRate <= 8000) return 1101;
  if (playbackRate <= 12_000) return 1102;
  if (playbackRate <= 16_000) return 1103;
  return playbackRate <= 24_000 ? 1104 : 1105;
}

/** One encoder and one decoder. Nothing is allocated after it is made; `close()` gives its memory back. */
export class OpusStream {
  readonly #library: Library;
  readonly #pcm: number;
  readonly #packet: number;
  readonly #rate: OpusRate;
  readonly #most: number;
  readonly #canFec: boolean;
  #loss = 0;
  #thrifty = false;
  #encoder = 0;
  #decoder = 0;

  constructor(parameters: OpusParameters, rate: OpusRate = 48_000) {
    if (library === undefined) throw new Error('libopus-wasm is not installed');
    this.#library = library;
    this.#rate = rate;
    this.#most = (rate / 1000) * MOST_MS;
    this.#pcm = library._malloc(this.#most * 2);
    this.#packet = library._malloc(MOST_BYTES);
    this.#encoder = library._oc_create_encoder(rate, 1, VOIP, this.#packet);
    this.#decoder = library._oc_create_decoder(rate, 1, this.#packet);
    this.#set(SETTING.complexity, COMPLEXITY[rate]);
    this.#set(SETTING.bitrate, Math.min(BITRATE[rate], parameters.maxAverageBitrate));
    this.#set(SETTING.bandwidth, bandwidthOf(parameters.maxPlaybackRate));
    this.#canFec = parameters.inbandFec;
    this.#set(SETTING.fec, 0);
    this.#set(SETTING.dtx, parameters.dtx ? 1 : 0);
  }

  #set(request: number, value: number): void {
    this.#library._oc_encoder_ctl(this.#encoder, request, value);
  }

  #suit(): void {
    this.#thrifty = thrifty;
    this.#set(SETTING.complexity, thrifty ? THRIFTY : COMPLEXITY[this.#rate]);
  }

  /** The far end reports this loss of what we send it, percent: copies of lost packets go along (RFC 6716 §2.1.7) where it
   * can use them, and only then, for they cost a fifth of the encoder's time and bits of the voice. */
  expectLoss(percent: number): void {
    const loss = !this.#canFec || !(percent > 0) ? 0 : Math.min(MOST_LOSS, Math.max(LEAST_LOSS, Math.ceil(percent)));
    if (loss === this.#loss || this.#encoder === 0) return;
    this.#loss = loss;
    this.#set(SETTING.fec, loss > 0 ? 1 : 0);
    this.#set(SETTING.loss, loss);
  }

  /** 2.5 to 60 ms of samples; bytes written, 0 for a length that is no Opus frame or for no room. */
  encode(samples: Int16Array, into: Uint8Array, at: number): number {
    const room = Math.min(MOST_BYTES, into.length - at);
    if (this.#encoder === 0 || samples.length > this.#most || room < 1) return 0;
    if (this.#thrifty !== thrifty) this.#suit();
    const lib = this.#library;
    lib.HEAP16.set(samples, this.#pcm >> 1);
    const bytes = lib._oc_encode(this.#encoder, this.#pcm, samples.length, this.#packet, room);
    const memory = lib.HEAPU8;
    for (let i = 0; i < bytes; i++) into[at + i] = memory[this.#packet + i]!;
    return Math.max(0, bytes);
  }

  /** Samples written; 0 for what is no Opus packet or does not fit. */
  decode(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    return length < 1 ? 0 : this.#run(this.#fill(bytes, at, length), into.length, 0, into);
  }

  /** The lost packet before this one, from the copy this one carries; without a copy, as `conceal`. */
  recover(bytes: Uint8Array, at: number, length: number, into: Int16Array): number {
    return length < 1 ? 0 : this.#run(this.#fill(bytes, at, length), into.length, 1, into);
  }

  conceal(into: Int16Array): number {
    return this.#run(0, into.length, 0, into);
  }

  /** Copies a packet into the library's memory: its length, or -1 if it cannot be one. */
  #fill(bytes: Uint8Array, at: number, length: number): number {
    if (length > MOST_BYTES || at < 0 || at + length > bytes.length) return -1;
    const memory = this.#library.HEAPU8;
    for (let i = 0; i < length; i++) memory[this.#packet + i] = bytes[at + i]!;
    return length;
  }

  /** Length 0 asks libopus to conceal. Those lengths must be whole steps of 2.5 ms. */
  #run(length: number, room: number, fec: number, into: Int16Array): number {
    if (this.#decoder === 0 || length < 0) return 0;
    const most = Math.min(this.#most, room);
    const size = length === 0 || fec === 1 ? most - (most % (this.#rate / 400)) : most;
    if (size === 0) return 0;
    const lib = this.#library;
    const packet = length === 0 ? 0 : this.#packet;
    const samples = lib._oc_decode(this.#decoder, packet, length, this.#pcm, size, fec);
    const memory = lib.HEAP16;
    const start = this.#pcm >> 1;
    for (let i = 0; i < samples; i++) into[i] = memory[start + i]!;
    return Math.max(0, samples);
  }

  close(): void {
    if (this.#encoder === 0) return;
    this.#library._oc_destroy_encoder(this.#encoder);
    this.#library._oc_destroy_decoder(this.#decoder);
    this.#library._free(this.#pcm);
    this.#library._free(this.#packet);
    this.#encoder = 0;
    this.#decoder = 0;
  }
}
