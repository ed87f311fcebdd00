import { decodeG711 } from '../codec/g711.ts';

/** Bounds of a file we play. */
export const MAX_WAV_BYTES = 64 * 1024 * 1024;
export const MAX_WAV_SECONDS = 3600;
export const WAV_HEADER_BYTES = 44;

export type Wav = { readonly rate: number; readonly channels: readonly Int16Array[] };

const PCM = 1;
const ALAW = 6;
const ULAW = 7;
const EXTENSIBLE = 0xfffe;

type Format = { code: number; channels: number; rate: number; bits: number };

/** A WAV that cannot be played, said so that its owner can mend it. */
export class WavFault extends Error {
  override readonly name = 'WavFault';
}

/** Reads RIFF/WAVE: PCM 16 bit, µ-law or A-law, mono or stereo, 8 to 48 kHz. Throws WavFault for anything else. */
export function readWav(bytes: Uint8Array): Wav {
  if (bytes.length > MAX_WAV_BYTES) throw new WavFault(`larger than ${MAX_WAV_BYTES} bytes`);
  if (bytes.length < 12 || tag(bytes, 0) !== 'RIFF' || tag(bytes, 8) !== 'WAVE')
    throw new WavFault('not a RIFF/WAVE file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    const name = tag(bytes, at);
    const end = at + 8 + size;
    if (name === 'fmt ') format = readFormat(view, at + 8, size);
    if (name === 'data') {
      if (format === undefined) throw new WavFault('the data chunk comes before the fmt chunk');
      // A recorder that was killed leaves a size of 0 or too much: what is there counts.
      const stop = size === 0 || end > bytes.length ? bytes.length : end;
      return decode(bytes.subarray(at + 8, stop), format);
    }
    // Chunks are padded to even lengths.
    at = end + (size & 1);
  }
  throw new WavFault(format === undefined ? 'no fmt chunk' : 'no data chunk');
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
}

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16 || at + size > view.byteLength) throw new WavFault('the fmt chunk is too short');
  let code = view.getUint16(at, true);
  // The first two bytes of the GUID are the code proper.
  if (code === EXTENSIBLE && size >= 40) code = view.getUint16(at + 24, true);
  const format = {
    code,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  const bits = code === PCM ? 16 : 8;
  if (code !== PCM && code !== ALAW && code !== ULAW) throw new WavFault(`format ${code} is not PCM, A-law or µ-law`);
  if (format.bits !== bits) throw new WavFault(`${format.bits} bits a sample; ${bits} are needed`);
  if (format.channels !== 1 && format.channels !== 2)
    throw new WavFault(`${format.channels} channels; 1 or 2 are needed`);
  if (format.rate < 8000 || format.rate > 48_000) throw new WavFault(`${format.rate} Hz; 8000 to 48000 are needed`);
  return format;
}

function decode(data: Uint8Array, format: Format): Wav {
  const { channels, rate, code } = format;
  const wide = code === PCM ? 2 : 1;
  const frames = Math.floor(data.length / (wide * channels));
  if (frames === 0) throw new WavFault('no sound in it');
  if (frames / rate > MAX_WAV_SECONDS) throw new WavFault(`longer than ${MAX_WAV_SECONDS} s`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const linear = code === PCM ? undefined : decodeG711(code === ULAW ? 'PCMU' : 'PCMA', data);
  const out: Int16Array[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const samples = new Int16Array(frames);
    for (let i = 0; i < frames; i++) {
      const at = i * channels + channel;
      samples[i] = linear === undefined ? view.getInt16(at * 2, true) : linear[at]!;
    }
    out.push(samples);
  }
  return { rate, channels: out };
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
