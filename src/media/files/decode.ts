/** Sound files in pieces: what they are is told by their content, never by their name or type. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { MPEGDecoder } from 'mpg123-decoder';
import { mp3Layout } from './mp3-frames.ts';
import { mixed } from './resample.ts';
import { type ByteSource, fromFloat, isWav, MAX_SOUND_BYTES, SoundFault, wavLayout, wavSamples } from './wav.ts';

/** Bytes of a file decoded at a time: some ten milliseconds of work. */
const PIECE = 64 * 1024;
const MP3_PIECE = 8 * 1024;

/** A file being decoded, mono 16 bit at its own rate. */
export type Decoding = {
  readonly rate: number;
  /** At most so many samples will come. */
  readonly length: number;
  /** The next piece; undefined at the end. */
  next(): Int16Array | undefined;
  close(): void;
};

/** A plain file, read in blocks. */
export class FileSource implements ByteSource {
  readonly size: number;
  /** Changes with the file. */
  readonly stamp: string;
  readonly #fd: number;
  #block = Buffer.alloc(0);
  #blockAt = 0;

  /** Throws when it cannot be opened, or is too large. */
  constructor(path: string) {
    // A pipe would keep the thread waiting for its writer.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(this.#fd);
      if (!stat.isFile()) throw new SoundFault('not a plain file');
      if (stat.size > MAX_SOUND_BYTES) throw new SoundFault(`larger than ${MAX_SOUND_BYTES} bytes`);
      this.size = stat.size;
      this.stamp = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
    } catch (fault) {
      this.close();
      throw fault;
    }
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

/** Begins to decode. Throws SoundFault for what is neither WAV nor MP3, or too long. */
export async function decodeSound(source: ByteSource): Promise<Decoding> {
  if (isWav(source.read(0, 12))) return decodeWav(source);
  const layout = mp3Layout(source);
  if (layout === undefined) throw new SoundFault('neither WAV nor MP3');
  return decodeMp3(source, layout);
}

function decodeWav(source: ByteSource): Decoding {
  const layout = wavLayout(source);
  const { frameBytes, frames, rate, channels } = layout;
  const most = Math.floor(PIECE / frameBytes);
  let done = 0;
  return {
    rate,
    length: frames,
    next: () => {
      const data = source.read(layout.dataAt + done * frameBytes, Math.min(most, frames - done) * frameBytes);
      const first = wavSamples(data, layout, 0);
      done += first.length;
      if (first.length === 0) return undefined;
      return mixed(first, channels === 2 ? wavSamples(data, layout, 1) : undefined);
    },
    close: () => {},
  };
}

async function decodeMp3(source: ByteSource, layout: NonNullable<ReturnType<typeof mp3Layout>>): Promise<Decoding> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  let at = layout.dataAt;
  return {
    rate: layout.rate,
    length: layout.frames,
    next: () => {
      if (at >= source.size) return undefined;
      // A copy: the decoder may be given no view that changes.
      const piece = Uint8Array.from(source.read(at, MP3_PIECE));
      at += piece.length;
      if (piece.length === 0) return undefined;
      const { channelData, samplesDecoded, sampleRate } = decoder.decode(piece);
      if (samplesDecoded > 0 && sampleRate !== layout.rate) return undefined;
      return mixed(whole(channelData[0], samplesDecoded), whole(channelData[1], samplesDecoded));
    },
    close: () => decoder.free(),
  };
}

function whole(channel: Float32Array | undefined, length: number): Int16Array {
  const samples = new Int16Array(length);
  if (channel !== undefined) for (let i = 0; i < length; i++) samples[i] = fromFloat(channel[i]!);
  return samples;
}
