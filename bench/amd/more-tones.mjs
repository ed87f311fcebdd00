// Tones of the network, of fax machines and of keypads, as ITU-T E.180, T.30 and the national plans have them, each a little off
// by chance: 2 % in frequency, 5 % in time. Amplitude 1.
const RATE = 8000;

const off = (random, share) => 1 + share * (2 * random() - 1);
const silence = (seconds) => Array.from({ length: Math.round(seconds * RATE) }, () => 0);
function burst(random, hz, seconds, { spread = 0.02, am = 0, flip = 0 } = {}) {
  const lines = hz.map((each) => each * off(random, spread));
  const start = random() * 6;
  return Array.from({ length: Math.round(seconds * off(random, 0.05) * RATE) }, (_, i) => {
    const t = i / RATE;
    const sign = flip > 0 && Math.floor(t / flip) % 2 === 1 ? -1 : 1;
    return (
      (sign *
        (1 + am * Math.sin(2 * Math.PI * 15 * t)) *
        lines.reduce((sum, each) => sum + Math.sin(2 * Math.PI * each * t + start), 0)) /
      lines.length
    );
  });
}
/** The same oscillator, on and off. */
function cadence(hz, on, pause, times) {
  return (random) => {
    const lines = hz.map((each) => each * off(random, 0.01));
    const [length, rest] = [on * off(random, 0.04), pause * off(random, 0.04)];
    return Array.from({ length: times }, () => [
      ...burst(() => 0.5, lines, length, { spread: 0 }),
      ...silence(rest),
    ]).flat();
  };
}
/** GR-1162: short 276 ms, long 380 ms; low and high variants of the first two. */
const triplet = (first, second, lengths) => (random) =>
  [first, second, 1776.7].flatMap((hz, i) => [...burst(random, [hz], lengths[i]), ...silence(random() * 0.03)]);
const [short, long] = [0.276, 0.38];

export const callTones = {
  ringing: (random) => {
    const [hz, on, pause] = [
      [[440, 480], 2, 1],
      [[425], 1, 1.5],
      [[400, 450], 0.4, 0.2],
    ][Math.floor(random() * 3)];
    return cadence(hz, on, pause, hz[0] === 400 ? 2 : 1)(random);
  },
  'busy us': cadence([480, 620], 0.5, 0.5, 8),
  'congestion us': cadence([480, 620], 0.25, 0.25, 12),
  'busy eu': cadence([425], 0.5, 0.5, 8),
  'congestion eu': cadence([425], 0.25, 0.25, 12),
  'congestion eu 200': cadence([425], 0.2, 0.2, 15),
  'busy uk': cadence([400], 0.375, 0.375, 10),
  'ring us': cadence([440, 480], 2, 4, 2),
  'ring eu': cadence([425], 1, 4, 2),
  'ring uk': (random) => [0, 1].flatMap(() => [...cadence([400, 450], 0.4, 0.2, 2)(random), ...silence(1.8)]),
  'dial us': cadence([350, 440], 6, 0.1, 1),
  'dial eu': cadence([425], 6, 0.1, 1),
  'stutter dial us': (random) => [
    ...cadence([350, 440], 0.1, 0.1, 10)(random),
    ...cadence([350, 440], 4, 0.1, 1)(random),
  ],
  'call waiting us': cadence([440], 0.3, 3, 3),
  keys: cadence([770, 1336], 0.15, 0.3, 8),
  'sit ic': triplet(913.8, 1370.6, [short, short, long]),
  'sit vc': triplet(985.2, 1370.6, [long, short, long]),
  'sit ro': triplet(913.8, 1428.5, [short, long, long]),
  'sit nc': triplet(985.2, 1428.5, [long, long, long]),
  'sit itu': triplet(950, 1400, [0.33, 0.33, 0.33]),
  'fax cng': cadence([1100], 0.5, 3, 3),
  'fax ced': (random) => burst(random, [2100], 3.3, { spread: 0.007 }),
  'fax ansam': (random) => burst(random, [2100], 3.3, { spread: 0.0005, am: 0.2, flip: 0.45 }),
};
