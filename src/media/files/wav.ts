import { decodeG711 } from '../codec/g711.ts';

/** Bounds of a file we play. */
export const MAX_SOUND_BYTES = 64 * 1024 * 1024;
export const MAX_SOUND_SECONDS = 3600;
export const WAV_HEADER_BYTES = 44;
/** Chunks looked at before the sound: what has more is made to keep us busy. */
const MAX_CHUNKS = 256;

export type Wav = { readonly rate: number; readonly channels: readonly Int16Array[] };

/** How a sample lies in the file. Integers are little-endian; 8 bits are unsigned. */
export type WavEncoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'alaw' | 'ulaw';

/** Where the sound of a file lies. A frame is one sample of each channel. */
export type WavLayout = {
  readonly rate: number;
  readonly channels: 1 | 2;
  readonly encoding: WavEncoding;
  readonly dataAt: number;
  readonly frameBytes: number;
  readonly frames: number;
};

/** Bytes that are read in pieces: fewer than asked for at the end. `endless`: nobody knows how many there will be, and
 * `size` is the most. */
export type ByteSource = {
  readonly size: number;
  readonly endless?: boolean;
  read(at: number, length: number): Buffer;
};

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const ULAW = 7;
const EXTENSIBLE = 0xfffe;

const encodings: Readonly<Record<string, WavEncoding>> = {
  [`${PCM} 8`]: 'u8',
  [`${PCM} 16`]: 's16',
  [`${PCM} 24`]: 's24',
  [`${PCM} 32`]: 's32',
  [`${FLOAT} 32`]: 'f32',
  [`${ALAW} 8`]: 'alaw',
  [`${ULAW} 8`]: 'ulaw',
};
const widths: Readonly<Record<WavEncoding, number>> = { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4, alaw: 1, ulaw: 1 };

/** A sound that cannot be played, said so that its owner can mend it. */
export class SoundFault extends Error {
  override readonly name = 'SoundFault';
}

export function isWav(head: Buffer): boolean {
  const riff = head.toString('latin1', 0, 4);
  // RF64: the sizes are elsewhere (EBU Tech 3306); what is there counts anyway.
  return (riff === 'RIFF' || riff === 'RF64') && head.toString('latin1', 8, 12) === 'WAVE';
}

/** Finds the sound of a RIFF/WAVE file. Throws SoundFault for what cannot be played. */
export function wavLayout(source: ByteSource): WavLayout {
  if (!isWav(source.read(0, 12))) throw new SoundFault('not a RIFF/WAVE file');
  let format: Omit<WavLayout, 'dataAt' | 'frames'> | undefined;
  let at = 12;
  for (let count = 0; at + 8 <= source.size; count++) {
    if (count === MAX_CHUNKS) throw new SoundFault(`more than ${MAX_CHUNKS} chunks before the sound`);
    const head = source.read(at, 8);
    if (head.length < 8) break;
    const name = head.toString('latin1', 0, 4);
    const size = head.readUInt32LE(4);
    const end = at + 8 + size;
    if (name === 'fmt ') format = readFormat(source.read(at + 8, end > source.size ? 0 : Math.min(size, 40)));
    if (name === 'data') {
      if (format === undefined) throw new SoundFault('the data chunk comes before the fmt chunk');
      // A recorder that was killed leaves a size of 0 or too much: what is there counts.
      const stop = size === 0 || end > source.size ? source.size : end;
      const open = source.endless === true && stop === source.size;
      return { ...format, dataAt: at + 8, frames: countFrames(stop - at - 8, format, open) };
    }
    // Chunks are padded to even lengths.
    at = end + (size & 1);
  }
  throw new SoundFault(format === undefined ? 'no fmt chunk' : 'no data chunk');
}

function readFormat(chunk: Buffer): Omit<WavLayout, 'dataAt' | 'frames'> {
  if (chunk.length < 16) throw new SoundFault('the fmt chunk is too short');
  let code = chunk.readUInt16LE(0);
  // The first two bytes of the GUID are the code proper.
  if (code === EXTENSIBLE && chunk.length >= 40) code = chunk.readUInt16LE(24);
  const channels = chunk.readUInt16LE(2);
  const rate = chunk.readUInt32LE(4);
  const bits = chunk.readUInt16LE(14);
  if (code !== PCM && code !== FLOAT && code !== ALAW && code !== ULAW)
    throw new SoundFault(`format ${code} is not PCM, float, A-law or µ-law`);
  const encoding = encodings[`${code} ${bits}`];
  if (encoding === undefined) throw new SoundFault(`${bits} bits a sample; ${bitsFor(code)} are needed`);
  if (channels !== 1 && channels !== 2) throw new SoundFault(`${channels} channels; 1 or 2 are needed`);
  if (rate < 8000 || rate > 48_000) throw new SoundFault(`${rate} Hz; 8000 to 48000 are needed`);
  return { rate, channels, encoding, frameBytes: channels * widths[encoding] };
}

function bitsFor(code: number): string {
  if (code === FLOAT) return '32';
  return code === PCM ? '8, 16, 24 or 32' : '8';
}

function countFrames(bytes: number, { frameBytes, rate }: { frameBytes: number; rate: number }, open: boolean): number {
  const frames = Math.floor(bytes / frameBytes);
  if (open) return Math.min(frames, MAX_SOUND_SECONDS * rate);
  if (frames === 0) throw new SoundFault('no sound in it');
  if (frames / rate > MAX_SOUND_SECONDS) throw new SoundFault(`longer than ${MAX_SOUND_SECONDS} s`);
  return frames;
}

/** One channel of whole frames, 16 bit. */
export function wavSamples(data: Buffer, layout: WavLayout, channel: number): Int16Array {
  const { frameBytes, encoding } = layout;
  const samples = new Int16Array(Math.floor(data.length / frameBytes));
  const first = channel * widths[encoding];
  const read = readers[encoding];
  for (let i = 0; i < samples.length; i++) samples[i] = read(data, first + i * frameBytes);
  return samples;
}

const alaw = lawTable('PCMA');
const ulaw = lawTable('PCMU');

const readers: Readonly<Record<WavEncoding, (data: Buffer, at: number) => number>> = {
  u8: (data, at) => (data[at]! - 128) << 8,
  s16: (data, at) => data.readInt16LE(at),
  // The lowest bits are beneath what a phone call carries.
  s24: (data, at) => data.readInt16LE(at + 1),
  s32: (data, at) => data.readInt16LE(at + 2),
  f32: (data, at) => fromFloat(data.readFloatLE(at)),
  alaw: (data, at) => alaw[data[at]!]!,
  ulaw: (data, at) => ulaw[data[at]!]!,
};

/** -1 to 1 as 16 bit; louder is cut off, not wrapped, and what is no number is silence. */
export function fromFloat(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value * 32_767))) || 0;
}

function lawTable(codec: 'PCMA' | 'PCMU'): Int16Array {
  return decodeG711(
    codec,
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  );
}

/** Reads a whole file that lies in memory. Throws SoundFault. */
export function readWav(bytes: Uint8Array): Wav {
  if (bytes.length > MAX_SOUND_BYTES) throw new SoundFault(`larger than ${MAX_SOUND_BYTES} bytes`);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = wavLayout({ size: file.length, read: (at, length) => file.subarray(at, at + length) });
  const data = file.subarray(layout.dataAt, layout.dataAt + layout.frames * layout.frameBytes);
  const channels = Array.from({ length: layout.channels }, (_, channel) => wavSamples(data, layout, channel));
  return { rate: layout.rate, channels };
}

/** The 44 bytes before `dataBytes` of 16-bit PCM. */
export function wavHeader(rate: number, channels: number, dataBytes: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(0xffffffff, 36 + dataBytes), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(PCM, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(Math.min(0xffffffff - 36, dataBytes), 40);
  return header;
}

/** A whole WAV of 16-bit PCM. */
export function writeWav(wav: Wav): Buffer {
  const frames = wav.channels[0]?.length ?? 0;
  const count = wav.channels.length;
  const file = Buffer.alloc(WAV_HEADER_BYTES + frames * count * 2);
  wavHeader(wav.rate, count, frames * count * 2).copy(file);
  for (let i = 0; i < frames; i++) {
    for (let c = 0; c < count; c++) file.writeInt16LE(wav.channels[c]![i] ?? 0, WAV_HEADER_BYTES + (i * count + c) * 2);
  }
  return file;
}
