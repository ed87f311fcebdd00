const HALF = 24;

/** Resamples by a windowed-sinc FIR (Blackman), its pass band below both rates' halves. Good for speech and tones. */
export function resample(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return samples;
  const divisor = gcd(from, to);
  const up = to / divisor;
  const down = from / divisor;
  const phases = buildPhases(up, Math.min(1, to / from));
  const width = phases[0]!.length;
  const half = width >> 1;
  const out = new Int16Array(Math.floor((samples.length * up) / down));
  for (let i = 0; i < out.length; i++) {
    const position = i * down;
    const taps = phases[position % up]!;
    const first = Math.floor(position / up) - half + 1;
    let sum = 0;
    const begin = Math.max(0, -first);
    const end = Math.min(width, samples.length - first);
    for (let k = begin; k < end; k++) sum += taps[k]! * samples[first + k]!;
    out[i] = Math.max(-32768, Math.min(32767, Math.round(sum)));
  }
  return out;
}

/** One filter a phase, each of unit gain. */
function buildPhases(up: number, ratio: number): Float64Array[] {
  const half = Math.ceil(HALF / ratio);
  const cutoff = ratio * 0.92;
  return Array.from({ length: up }, (_, phase) => {
    const taps = new Float64Array(half * 2);
    let sum = 0;
    for (let k = 0; k < taps.length; k++) {
      const x = k - half + 1 - phase / up;
      const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half);
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * cutoff) / (Math.PI * x * cutoff);
      taps[k] = Math.abs(x) > half ? 0 : sinc * window;
      sum += taps[k]!;
    }
    return taps.map((tap) => tap / sum);
  });
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Any decoded WAV as the engine's mono 8 kHz. */
export function toMono(channels: readonly Int16Array[], rate: number): Int16Array {
  const first = channels[0]!;
  const second = channels[1];
  const mono = second === undefined ? first : first.map((sample, i) => (sample + second[i]!) >> 1);
  return resample(mono, rate, 8000);
}
