/** G.711 by tables: 16-bit linear, µ-law (PCMU) and A-law (PCMA), ITU-T G.711. */

/** The byte of silence. */
export const ULAW_SILENCE = 0xff;
export const ALAW_SILENCE = 0xd5;

const BIAS = 0x84;
const CLIP = 32635;

function ulawByte(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(sample < 0 ? -sample : sample, CLIP) + BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function ulawSample(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + BIAS) << ((value >> 4) & 7)) - BIAS;
  return (value & 0x80) === 0 ? magnitude : -magnitude;
}

function alawByte(sample: number): number {
  // Thirteen bits, symmetric: -1 is in the first negative step (G.711 table 1).
  const positive = sample >= 0;
  const magnitude = Math.min(positive ? sample >> 3 : ~sample >> 3, 0xfff);
  const exponent = magnitude < 32 ? 0 : 31 - Math.clz32(magnitude) - 4;
  const mantissa = exponent === 0 ? (magnitude >> 1) & 0x0f : (magnitude >> exponent) & 0x0f;
  return ((positive ? 0x80 : 0) | (exponent << 4) | mantissa) ^ 0x55;
}

function alawSample(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value >> 4) & 7;
  const base = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? base : (base + 0x100) << (exponent - 1);
  return (value & 0x80) === 0 ? -magnitude : magnitude;
}

function table<T extends Uint8Array | Int16Array>(into: T, entry: (index: number) => number): T {
  for (let i = 0; i < into.length; i++) into[i] = entry(i);
  return into;
}

/** Byte → sample. */
export const ulawToLinear: Int16Array = table(new Int16Array(256), ulawSample);
export const alawToLinear: Int16Array = table(new Int16Array(256), alawSample);
/** `sample & 0xffff` → byte. */
export const linearToUlaw: Uint8Array = table(new Uint8Array(65536), (i) => ulawByte((i << 16) >> 16));
export const linearToAlaw: Uint8Array = table(new Uint8Array(65536), (i) => alawByte((i << 16) >> 16));
/** Byte → byte: transcoding without a step between. */
export const ulawToAlaw: Uint8Array = table(new Uint8Array(256), (i) => linearToAlaw[ulawToLinear[i]! & 0xffff]!);
export const alawToUlaw: Uint8Array = table(new Uint8Array(256), (i) => linearToUlaw[alawToLinear[i]! & 0xffff]!);

export type G711 = 'PCMU' | 'PCMA';

export function isG711(codec: string): codec is G711 {
  return codec === 'PCMU' || codec === 'PCMA';
}

export function encoder(codec: G711): Uint8Array {
  return codec === 'PCMU' ? linearToUlaw : linearToAlaw;
}

export function decoder(codec: G711): Int16Array {
  return codec === 'PCMU' ? ulawToLinear : alawToLinear;
}

/** Samples → bytes. */
export function encodeG711(codec: G711, samples: Int16Array): Uint8Array {
  const map = encoder(codec);
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = map[samples[i]! & 0xffff]!;
  return bytes;
}

/** Bytes → samples. */
export function decodeG711(codec: G711, bytes: Uint8Array): Int16Array {
  const map = decoder(codec);
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = map[bytes[i]!]!;
  return samples;
}
