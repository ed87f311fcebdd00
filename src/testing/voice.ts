/** Sounds a callee makes, as 8 kHz samples: tones of a length, speech of a WAV, and a murmur like speech. */
import { readFileSync } from 'node:fs';
import { type Random, SeededRandom } from '../base/index.ts';
import { loudness, readWav, toneVoice } from './audio.ts';

const rate = 8000;
/** A simulated callee has no use for more, and it is held in memory. */
const largestWav = 64 * 2 ** 20;

/** A tone of this length: 8 kHz samples. */
export function toneSamples(hz: number, ms: number, levelDb = -12): Int16Array {
  return Int16Array.from({ length: Math.round((ms * rate) / 1000) }, (_, n) => Math.round(toneVoice(hz, levelDb)(n)));
}

/** A WAV (16-bit PCM, any rate; the first channel) as 8 kHz samples to speak. Takes a path or the file itself. */
export function wavSamples(wav: string | Buffer): Int16Array {
  const name = typeof wav === 'string' ? wav : 'the sound';
  const bytes = typeof wav === 'string' ? readFileSync(wav) : wav;
  if (bytes.length > largestWav) throw new Error(`${name} is larger than 64 MiB; give a shorter one`);
  try {
    const { rate: from, channels } = readWav(bytes);
    const [samples] = channels;
    if (samples === undefined || from < 1000 || from > 192_000) throw new Error(`it claims a rate of ${from} Hz`);
    return narrowed(samples, from);
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new Error(`${name} cannot be read (${why}); give a WAV of 16-bit PCM`, { cause: fault });
  }
}

/** To 8 kHz: the mean of what falls into a sample is filter enough for a telephone's voice. */
function narrowed(samples: Int16Array, from: number): Int16Array {
  if (from === rate) return samples;
  const step = from / rate;
  return Int16Array.from({ length: Math.floor(samples.length / step) }, (_, n) => {
    const first = Math.floor(n * step);
    const last = Math.max(first + 1, Math.floor((n + 1) * step));
    let sum = 0;
    for (let at = first; at < last; at++) sum += samples[at] ?? 0;
    return Math.round(sum / (last - first));
  });
}

/** A sound with the pitch, formants and rhythm of speech, but without words: 8 kHz samples, the same for the same seed.
 * For a greeting where no WAV is at hand. */
export function murmur(ms: number, random: Random = new SeededRandom(1)): Int16Array {
  const all = new Int16Array(Math.round((ms * rate) / 1000));
  let at = 0;
  for (let n = 1; at < all.length; n++) {
    const syllable = voiced((120 + random.integer(140)) * 8, random);
    all.set(syllable.subarray(0, all.length - at), at);
    // A breath after some six syllables.
    at += syllable.length + (n % 6 === 0 ? 220 + random.integer(120) : 15 + random.integer(45)) * 8;
  }
  return all;
}

/** One syllable: a pulse train through two resonances, swelling and fading, at -16 dB. */
function voiced(length: number, random: Random): Int16Array {
  const pitch = 95 + random.integer(45);
  const first = resonator(320 + random.integer(420), 90);
  const second = resonator(900 + random.integer(1200), 130);
  let phase = 0;
  const raw = Float64Array.from({ length }, (_, n) => {
    phase += (pitch * (1 - (0.15 * n) / length)) / rate;
    const pulse = phase >= 1 ? 1 : 0;
    phase %= 1;
    return (first(pulse) + 0.6 * second(pulse)) * Math.sin((Math.PI * n) / length) ** 0.5;
  });
  const peak = raw.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const scaled = Int16Array.from(raw, (value) => Math.round((value / peak) * 20_000));
  const gain = Math.min(1.6, 10 ** ((-16 - loudness(scaled)) / 20));
  return scaled.map((value) => Math.round(value * gain));
}

/** A two-pole resonance: centre and bandwidth in Hz. */
function resonator(hz: number, width: number): (input: number) => number {
  const radius = Math.exp((-Math.PI * width) / rate);
  const turn = 2 * radius * Math.cos((2 * Math.PI * hz) / rate);
  let y1 = 0;
  let y2 = 0;
  return (input) => {
    const y = input + turn * y1 - radius * radius * y2;
    y2 = y1;
    y1 = y;
    return y;
  };
}
