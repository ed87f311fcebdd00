/** WAV as voices make it: 16-bit mono PCM between a plain header and its end. */
import { messageOf } from '../base/index.ts';

export type Pcm = { readonly pcm: Int16Array; readonly rate: number };

/** Reads 16-bit mono PCM from a RIFF/WAVE file. Vendors that stream write 0 or 0xffffffff where they do not know a
 * length yet: then what is there counts. Throws when it is anything else. */
export function readSpeechWav(file: Buffer): Pcm {
  if (file.length < 12 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('not a RIFF/WAVE file');
  let rate = 0;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const end = at + 8 + size;
    if (name === 'fmt ') rate = formatRate(file, at + 8);
    if (name === 'data') {
      if (rate === 0) throw new Error('its data comes before its format');
      return { pcm: samplesOf(file.subarray(at + 8, size === 0 || end > file.length ? file.length : end)), rate };
    }
    at = end + (size & 1);
  }
  throw new Error('it has no data');
}

function formatRate(file: Buffer, at: number): number {
  if (at + 16 > file.length) throw new Error('its format is cut short');
  const [code, channels, bits] = [file.readUInt16LE(at), file.readUInt16LE(at + 2), file.readUInt16LE(at + 14)];
  if ((code !== 1 && code !== 0xfffe) || channels !== 1 || bits !== 16) throw new Error('not 16-bit mono PCM');
  const rate = file.readUInt32LE(at + 4);
  if (rate < 8000 || rate > 48_000) throw new Error(`${rate} Hz; 8000 to 48000 are needed`);
  return rate;
}

/** Little-endian bytes as samples; an odd byte at the end is dropped. */
export function samplesOf(bytes: Uint8Array): Int16Array {
  const copy = new Uint8Array(bytes.length & ~1);
  copy.set(bytes.subarray(0, copy.length));
  return new Int16Array(copy.buffer);
}

/** A whole file. */
export function writeSpeechWav({ pcm, rate }: Pcm): Buffer {
  const header = Buffer.alloc(44);
  const bytes = pcm.length * 2;
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes, 40);
  return Buffer.concat([header, Buffer.from(pcm.buffer, pcm.byteOffset, bytes)]);
}

/** The reason a sound cannot be used, with who made it. */
export function badSound(vendor: string, fault: unknown): Error {
  return new Error(`${vendor} sent no usable sound: ${messageOf(fault)}`);
}
