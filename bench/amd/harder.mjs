// The same recordings made harder: slower, faster, softer, noisier, with packets lost. Deterministic.

/** Numbers in 0..1, the same every time. */
export function randomFrom(seed) {
  let state = seed >>> 0 || 1;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
const clip = (value) => Math.max(-32768, Math.min(32767, Math.round(value)));
const rms = (samples) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);

/** What lay behind voices: what is left of the recordings with this noise after the last word. */
export function noiseBehind(rows, name, from = 0) {
  const rests = rows.filter(({ noise, speechEnd, beepAt }) => noise === name && speechEnd && !beepAt);
  const joined = rests.flatMap(({ samples, speechEnd, secondAt }) => [
    ...samples.subarray(Math.ceil((speechEnd + 0.2) * 8000), secondAt && Math.floor((secondAt - 0.1) * 8000)),
  ]);
  return joined.length === 0 ? undefined : Int16Array.from([...joined.slice(from), ...joined.slice(0, from)]);
}

const gain = (db) => (samples) => samples.map((s) => clip(s * 10 ** (db / 20)));
const speed = (factor) => (samples) =>
  Int16Array.from({ length: Math.floor(samples.length / factor) }, (_, i) => {
    const at = i * factor;
    const k = Math.floor(at);
    return clip(samples[k] + (at - k) * ((samples[k + 1] ?? 0) - samples[k]));
  });

/** `noise` under the recording, `snr` dB softer than what is said in it. Each recording gets another piece of it. */
export const mixed = (noise, snr) => (samples, row) => {
  if (noise === undefined) return samples;
  const from = Math.max(0, Math.floor((row.speechStart ?? row.beepAt ?? 0) * 8000));
  const to = Math.floor((row.speechEnd ?? row.beepEnd ?? samples.length / 8000) * 8000);
  const factor = rms(samples.subarray(from, to)) / rms(noise) / 10 ** (snr / 20);
  const shift = (samples.length * 31 + row.file.charCodeAt(row.file.length - 5) * 7919) % noise.length;
  return samples.map((s, i) => clip(s + factor * noise[(i + shift) % noise.length]));
};
const white = () => {
  const random = randomFrom(5);
  return Int16Array.from({ length: 160_000 }, () => (random() - 0.5) * 20_000);
};
const lost = (share, burst, fill) => (samples, row) => {
  const random = randomFrom(row.file.length * 7919 + samples.length);
  const out = samples.slice();
  for (let at = 0; at + 160 <= out.length; at += 160) {
    if (random() >= share / burst) continue;
    const end = Math.min(out.length, at + 160 * Math.ceil(random() * 2 * burst));
    // Concealed: the last 20 ms again, ever softer. Else zeros, as a file of lost packets has.
    for (let i = at; i < end; i++)
      out[i] = fill && at >= 160 ? out[at - 160 + ((i - at) % 160)] * 0.6 ** Math.floor((i - at) / 160) : 0;
    at = end - 160;
  }
  return out;
};

/** Name to change. `music`: other music than the corpus has, by name. */
export function harderCases(rows, music = {}) {
  const babble = rows.filter(({ kind }) => kind === 'babble')[0]?.samples;
  const hold = rows.filter(({ kind }) => kind === 'music-on-hold')[0]?.samples;
  return {
    plain: (s) => s,
    'half as loud': gain(-12),
    'very soft': gain(-22),
    'loud, clipped': gain(10),
    'slower, 0.88': speed(0.88),
    'faster, 1.14': speed(1.14),
    'white noise 20 dB': mixed(white(), 20),
    'white noise 10 dB': mixed(white(), 10),
    'rain 15 dB': mixed(noiseBehind(rows, 'rain'), 15),
    'tap 12 dB': mixed(noiseBehind(rows, 'running_tap'), 12),
    'dishes 15 dB': mixed(noiseBehind(rows, 'doing_the_dishes'), 15),
    'babble 15 dB': mixed(babble, 15),
    'babble 8 dB': mixed(babble, 8),
    ...Object.fromEntries(
      [0, 1, 2, 3, 4, 5].map((n) => [`soft music 15 dB, ${n}`, mixed(noiseBehind(rows, 'music', n * 21_113), 15)]),
    ),
    'music 20 dB': mixed(hold, 20),
    'music 12 dB': mixed(hold, 12),
    ...Object.fromEntries(Object.entries(music).map(([name, samples]) => [`${name} 15 dB`, mixed(samples, 15)])),
    'lost 5 %, zeros': lost(0.05, 1, false),
    'lost 20 %, zeros': lost(0.2, 2, false),
    'lost 10 %, concealed': lost(0.1, 2, true),
    'lost 20 %, concealed': lost(0.2, 3, true),
  };
}
