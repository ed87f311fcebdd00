/** Share of a signal's power that lies at `frequency` (Goertzel): near 1 for a clean tone, 1/n for one of n equal tones,
 * near 0 for others. 0 for silence. */
export function goertzel(samples: Int16Array, frequency: number, rate = 8000): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let before = 0;
  let last = 0;
  let total = 0;
  for (const sample of samples) {
    const now = sample + coefficient * last - before;
    before = last;
    last = now;
    total += sample * sample;
  }
  if (total === 0) return 0;
  const power = last * last + before * before - coefficient * last * before;
  return (2 * power) / (samples.length * total);
}

/** Root mean square of a signal, in dBm0 (0 dBm0 is 3.14 dB below a full-scale sine). -Infinity for silence. */
export function levelDb(samples: Int16Array): number {
  let total = 0;
  for (const sample of samples) total += sample * sample;
  if (total === 0) return Number.NEGATIVE_INFINITY;
  return 10 * Math.log10((2 * total) / samples.length / 32768 ** 2) + 3.14;
}
