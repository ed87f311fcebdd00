/** MPEG audio layer III as far as its frame headers go (ISO 11172-3 §2.4.1.3, 13818-3): enough to know an MP3 by its
 * content and how long it is before anything is decoded.
 *
 *  1111 1111 | 111 version layer -protection | bitrate(4) rate(2) padding -private | mode(2) … */
import { type ByteSource, MAX_SOUND_SECONDS, SoundFault } from './wav.ts';

/** Junk before the first frame that is looked through. */
const MAX_LEAD = 64 * 1024;

// kbit/s by index; 0 is the free format and 15 forbidden.
const bitrates1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const bitrates2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
const rates1 = [44_100, 48_000, 32_000, 0];

type Frame = { readonly bytes: number; readonly samples: number; readonly rate: number };

/** `frames`: samples of each channel in all of it. */
export type Mp3Layout = { readonly rate: number; readonly frames: number; readonly dataAt: number };

/** Reads a header; undefined when it is none of layer III. */
export function mp3Frame(bytes: Uint8Array, at = 0): Frame | undefined {
  if (at + 4 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1]! & 0xe6) !== 0xe2) return undefined;
  const version = (bytes[at + 1]! >> 3) & 3;
  const third = bytes[at + 2]!;
  const kbits = (version === 3 ? bitrates1 : bitrates2)[third >> 4]!;
  // Version 2 halves the rates, 2.5 (0) quarters them.
  const rate = rates1[(third >> 2) & 3]! / (version === 3 ? 1 : version === 2 ? 2 : 4);
  if (version === 1 || kbits === 0 || rate === 0) return undefined;
  const samples = version === 3 ? 1152 : 576;
  return { bytes: Math.floor((samples * kbits * 125) / rate) + ((third >> 1) & 1), samples, rate };
}

/** The layout of a file that is still coming in: the most that `size` bytes of its kind can hold. undefined while its first
 * two frames are not there. */
export function mp3Beginning(source: ByteSource, size: number): Mp3Layout | undefined {
  const dataAt = firstFrame(source, false);
  if (dataAt === undefined) return undefined;
  const { rate, samples } = mp3Frame(source.read(dataAt, 4))!;
  const least = (samples * 125 * (samples === 1152 ? bitrates1[1]! : bitrates2[1]!)) / rate;
  return { rate, dataAt, frames: Math.min(MAX_SOUND_SECONDS * rate, Math.ceil(size / least) * samples) };
}

/** Counts the frames of a file. undefined when it is no MP3; throws SoundFault for one that is too long. */
export function mp3Layout(source: ByteSource): Mp3Layout | undefined {
  const dataAt = firstFrame(source, true);
  if (dataAt === undefined) return undefined;
  const rate = mp3Frame(source.read(dataAt, 4))!.rate;
  let frames = 0;
  for (let at = dataAt; at + 4 <= source.size;) {
    const frame = mp3Frame(source.read(at, 4));
    const fits = frame !== undefined && frame.rate === rate;
    // A damaged place, or a tag at the end: the next frame is looked for byte by byte.
    at += fits ? frame.bytes : 1;
    if (!fits) continue;
    frames += frame.samples;
    if (frames / rate > MAX_SOUND_SECONDS) throw new SoundFault(`longer than ${MAX_SOUND_SECONDS} s`);
  }
  return { rate, frames, dataAt };
}

/** A first frame counts when another follows it, or the end of a file that is whole. */
function firstFrame(source: ByteSource, whole: boolean): number | undefined {
  const start = afterTags(source);
  const lead = source.read(start, MAX_LEAD);
  for (let i = 0; i + 4 <= lead.length; i++) {
    const frame = mp3Frame(lead, i);
    if (frame === undefined) continue;
    const next = start + i + frame.bytes;
    if ((whole && next === source.size) || mp3Frame(source.read(next, 4))?.rate === frame.rate) return start + i;
  }
  return undefined;
}

/** Behind the ID3v2 tags, which tell their length in four bytes of seven bits. */
function afterTags(source: ByteSource): number {
  let at = 0;
  for (let count = 0; count < 4; count++) {
    const head = source.read(at, 10);
    if (head.length < 10 || head.toString('latin1', 0, 3) !== 'ID3') break;
    const size = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
    at += 10 + size + ((head[5]! & 0x10) === 0 ? 0 : 10);
  }
  return at;
}
