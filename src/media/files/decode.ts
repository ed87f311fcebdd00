/** Sound files in pieces: what they are is told by their content, never by their name or type. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { MPEGDecoder } from 'mpg123-decoder';
import { Arrival } from '../../base/index.ts';
import { mp3Beginning, mp3Layout } from './mp3-frames.ts';
import { mixed } from './resample.ts';
import {
  type ByteSource,
  fromFloat,
  isWav,
  MAX_SOUND_BYTES,
  MAX_SOUND_SECONDS,
  SoundFault,
  wavLayout,
  wavSamples,
} from './wav.ts';

/** Bytes of a file decoded at a time: some ten milliseconds of work. */
const PIECE = 64 * 1024;
const MP3_PIECE = 8 * 1024;

/** A file being decoded, mono 16 bit at its own rate. */
export type Decoding = {
  readonly rate: number;
  /** At most so many samples will come. */
  readonly length: number;
  /** The next piece, empty while it has not come yet; undefined at the end. */
  next(): Int16Array | undefined;
  close(): void;
};

const nothing = new Int16Array(0);
const tooLong = `longer than ${MAX_SOUND_SECONDS} s`;

/** A plain file, read in blocks, perhaps while it is still coming in. */
export class FileSource implements ByteSource {
  readonly #fd: number;
  readonly #bytes: number;
  readonly #stamp: string;
  readonly #arrival: Arrival | undefined;
  #block = Buffer.alloc(0);
  #blockAt = 0;

  /** Throws when it cannot be opened, or is too large. */
  constructor(path: string, arriving?: SharedArrayBuffer) {
    this.#arrival = arriving === undefined ? undefined : new Arrival(arriving);
    // A pipe would keep the thread waiting for its writer.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(this.#fd);
      if (!stat.isFile()) throw new SoundFault('not a plain file');
      if (stat.size > MAX_SOUND_BYTES) throw new SoundFault(`larger than ${MAX_SOUND_BYTES} bytes`);
      this.#bytes = stat.size;
      this.#stamp = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
    } catch (fault) {
      this.close();
      throw fault;
    }
  }

  /** More may come. Ask before `size`: what has ended does not grow. */
  get growing(): boolean {
    return this.#arrival?.ended === false;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#arrival?.bytes ?? this.#bytes;
  }

  /** Bytes there will be, at most. */
  get expected(): number {
    return Math.min(this.#arrival?.expected ?? MAX_SOUND_BYTES, MAX_SOUND_BYTES);
  }

  /** Nobody said how many there will be. */
  get endless(): boolean {
    return this.#arrival !== undefined && this.#arrival.expected === undefined;
  }

  /** Why the rest never came. */
  get fault(): string | undefined {
    return this.#arrival?.fault;
  }

  /** Changes with the file. */
  get stamp(): string {
    return this.#arrival === undefined ? this.#stamp : 'arriving';
  }

  /** The bytes are good until the next call. */
  read(at: number, length: number): Buffer {
    const inside = at >= this.#blockAt && at + length <= this.#blockAt + this.#block.length;
    if (!inside) this.#load(at, Math.max(length, PIECE));
    return this.#block.subarray(at - this.#blockAt, at - this.#blockAt + length);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #load(at: number, length: number): void {
    const block = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - at)));
    let got = 0;
    while (got < block.length) {
      const read = readSync(this.#fd, block, got, block.length - got, at + got);
      if (read === 0) break;
      got += read;
    }
    this.#block = block.subarray(0, got);
    this.#blockAt = at;
  }
}

/** Something to decode; a file that is still coming in tells more. */
type Source = ByteSource & Partial<Pick<FileSource, 'growing' | 'expected'>>;

/** Begins to decode. Throws SoundFault for what is neither WAV nor MP3, or too long; also while the beginning of a file
 * that is still coming in is not there. */
export async function decodeSound(source: Source): Promise<Decoding> {
  if (isWav(source.read(0, 12))) return decodeWav(source);
  const layout = source.growing === true ? mp3Beginning(source, source.expected ?? 0) : mp3Layout(source);
  if (layout === undefined) throw new SoundFault('neither WAV nor MP3');
  return decodeMp3(source, layout);
}

/** A file that is coming in, as long as it says it will be. */
function whole(source: Source): ByteSource {
  if (source.growing !== true) return source;
  const { expected = 0, endless = false } = source;
  return { size: expected, endless, read: (at, length) => source.read(at, length) };
}

function decodeWav(source: Source): Decoding {
  const layout = wavLayout(whole(source));
  const { frameBytes, frames, rate, channels } = layout;
  const most = Math.floor(PIECE / frameBytes);
  let done = 0;
  return {
    rate,
    length: frames,
    next: () => {
      const { growing = false } = source;
      const at = layout.dataAt + done * frameBytes;
      const data = source.read(at, Math.min(most, frames - done) * frameBytes);
      const first = wavSamples(data, layout, 0);
      done += first.length;
      if (done === MAX_SOUND_SECONDS * rate && source.size > at + data.length) throw new SoundFault(tooLong);
      if (first.length === 0) return growing && done < frames ? nothing : undefined;
      return mixed(first, channels === 2 ? wavSamples(data, layout, 1) : undefined);
    },
    close: () => {},
  };
}

async function decodeMp3(source: Source, layout: NonNullable<ReturnType<typeof mp3Layout>>): Promise<Decoding> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  let at = layout.dataAt;
  let done = 0;
  return {
    rate: layout.rate,
    length: layout.frames,
    next: () => {
      const { growing = false } = source;
      if (at >= source.size) return growing ? nothing : undefined;
      // A copy: the decoder may be given no view that changes.
      const piece = Uint8Array.from(source.read(at, MP3_PIECE));
      at += piece.length;
      if (piece.length === 0) return undefined;
      const { channelData, samplesDecoded, sampleRate } = decoder.decode(piece);
      if (samplesDecoded > 0 && sampleRate !== layout.rate) return undefined;
      done += samplesDecoded;
      if (done > MAX_SOUND_SECONDS * layout.rate) throw new SoundFault(tooLong);
      return mixed(sixteen(channelData[0], samplesDecoded), sixteen(channelData[1], samplesDecoded));
    },
    close: () => decoder.free(),
  };
}

function sixteen(channel: Float32Array | undefined, length: number): Int16Array {
  const samples = new Int16Array(length);
  if (channel !== undefined) for (let i = 0; i < length; i++) samples[i] = fromFloat(channel[i]!);
  return samples;
}
