/** A phone's own ears and voice: G.711, tones, Goertzel, WAV. Apart from the engine's on purpose, as message.ts is. */

const bias = 0x84;
const clip = 32635;

/** ITU-T G.711 µ-law, by its segments. */
export function encodeUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), clip) + bias;
  const exponent = 31 - Math.clz32(magnitude >> 7);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

export function decodeUlaw(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + bias) << ((bits >> 4) & 7);
  return (bits & 0x80) !== 0 ? bias - magnitude : magnitude - bias;
}

/** ITU-T G.711 A-law. */
export function encodeAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32767) >> 4;
  const exponent = magnitude < 16 ? 0 : 32 - Math.clz32(magnitude >> 4);
  const mantissa = (exponent === 0 ? magnitude : magnitude >> (exponent - 1)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

export function decodeAlaw(byte: number): number {
  const bits = byte ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = bits & 0x0f;
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return (bits & 0x80) !== 0 ? magnitude : -magnitude;
}

/** Gives the sample at index `n` of 8 kHz audio. */
export type Voice = (n: number) => number;

export const silence: Voice = () => 0;

/** A steady tone at this level below full scale. */
export function toneVoice(hz: number, levelDb = -12): Voice {
  const amplitude = 32767 * 10 ** (levelDb / 20);
  return (n) => amplitude * Math.sin((2 * Math.PI * hz * n) / 8000);
}

/** Plays samples once, then silence; or in a loop. */
export function samplesVoice(samples: Int16Array, loop = false): Voice {
  return (n) => samples[loop ? n % samples.length : n] ?? 0;
}

/** Level of one frequency in the samples, dB below full scale (a full-scale sine is 0). */
export function levelOf(samples: Int16Array, hz: number, rate = 8000): number {
  if (samples.length === 0) return -Infinity;
  const step = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let s1 = 0;
  let s2 = 0;
  for (const sample of samples) {
    const s0 = sample + step * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const power = Math.max(s1 * s1 + s2 * s2 - step * s1 * s2, 0);
  return 20 * Math.log10((2 * Math.sqrt(power)) / samples.length / 32767);
}

/** Level of everything in the samples, as a sine of the same power, dB below full scale. */
export function loudness(samples: Int16Array): number {
  if (samples.length === 0) return -Infinity;
  let power = 0;
  for (const sample of samples) power += sample * sample;
  return 10 * Math.log10((2 * power) / samples.length / 32767 ** 2);
}

/** A 16-bit PCM WAV of these channels (interleaved); shorter ones are padded with silence. */
export function writeWav(channels: readonly Int16Array[], rate = 8000): Buffer {
  const frames = Math.max(0, ...channels.map((each) => each.length));
  const data = Buffer.alloc(frames * channels.length * 2);
  channels.forEach((samples, channel) => {
    samples.forEach((sample, n) => data.writeInt16LE(sample, (n * channels.length + channel) * 2));
  });
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels.length, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels.length * 2, 28);
  head.writeUInt16LE(channels.length * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/** Reads a 16-bit PCM WAV; other encodings are refused. */
export function readWav(file: Buffer): { rate: number; channels: Int16Array[] } {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('not a WAV');
  let format: { channels: number; rate: number } | undefined;
  for (let at = 12; at + 8 <= file.length;) {
    const id = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      if (file.readUInt16LE(at + 8) !== 1 || file.readUInt16LE(at + 22) !== 16)
        throw new Error('only 16-bit PCM is read');
      format = { channels: file.readUInt16LE(at + 10), rate: file.readUInt32LE(at + 12) };
    }
    if (id === 'data' && format !== undefined)
      return { rate: format.rate, channels: split(file.subarray(at + 8, at + 8 + size), format.channels) };
    at += 8 + size + (size & 1);
  }
  throw new Error('the WAV has no data');
}

function split(data: Buffer, count: number): Int16Array[] {
  const frames = Math.floor(data.length / 2 / count);
  return Array.from({ length: count }, (_, channel) =>
    Int16Array.from({ length: frames }, (_, n) => data.readInt16LE((n * count + channel) * 2)),
  );
}
