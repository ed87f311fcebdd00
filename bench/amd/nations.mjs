// Tones of the networks of many nations, of keys and of fax, before anybody spoke: none of them is a beep. Each eight times, over
// lines of -66 to -40 dBov, two of them with 3 % of packets lost.   node --import tsx bench/amd/nations.mjs
import { AmdDetector } from '../../src/media/detect/amd-detector.ts';
import { decodeG711, encodeG711 } from '../../src/media/codec/g711.ts';
import { randomFrom } from './harder.mjs';
import { dbov, RATE } from './more-sound.mjs';
import { callTones } from './more-tones.mjs';
import { listen } from './run-detector.mjs';

const SECONDS = 8;
const random = randomFrom(77);
for (let i = 0; i < 30; i++) random();

/** Lines in Hz, then bursts and pauses in turn, s. */
// prettier-ignore
const cadences = {
  'busy us': [[480, 620], 0.5, 0.5], 'reorder us': [[480, 620], 0.25, 0.25], 'busy de': [[425], 0.48, 0.48], 'congestion de': [[425], 0.24, 0.24],
  'busy es': [[425], 0.2, 0.2], 'congestion es': [[425], 0.2, 0.2, 0.2, 0.2, 0.2, 0.6], 'busy in': [[400], 0.75, 0.75], 'busy sg': [[425], 0.75, 0.75],
  'busy ar': [[425], 0.3, 0.2], 'busy au': [[425], 0.375, 0.375], 'busy ru': [[425], 0.4, 0.4], 'busy jp': [[400], 0.5, 0.5],
  'busy uk': [[400], 0.375, 0.375], 'congestion uk': [[400], 0.4, 0.35, 0.225, 0.525], 'busy fr': [[440], 0.5, 0.5], 'busy it': [[425], 0.5, 0.5],
  'busy mx': [[425], 0.25, 0.25], 'congestion be': [[425], 0.167, 0.167], 'busy at': [[420], 0.4, 0.4], 'ring us': [[440, 480], 2, 4],
  'ring uk': [[400, 450], 0.4, 0.2, 0.4, 2], 'ring de': [[425], 1, 4], 'ring fr': [[440], 1.5, 3.5], 'ring jp': [[400], 1, 2], 'ring ru': [[425], 0.8, 3.2],
  'dial us': [[350, 440], 8], 'dial eu': [[425], 8], 'dial fr': [[440], 8], 'dial it': [[425], 0.2, 0.2, 0.6, 1], 'dial jp': [[400], 8],
  'call waiting us': [[440], 0.3, 10], 'call waiting de': [[425], 0.2, 0.2, 0.2, 5], 'call waiting uk': [[400], 0.1, 2.5],
  'call waiting es': [[425], 0.175, 0.175, 0.175, 3.5], 'call waiting it': [[425], 0.4, 0.1, 0.25, 0.1, 0.15, 8],
  'key 1': [[697, 1209], 0.1, 0.1], 'key #': [[941, 1477], 0.3, 8], cng: [[1100], 0.5, 3], ced: [[2100], 3, 5],
  'confirmation us': [[350, 440], 0.1, 0.1, 0.1, 0.1, 0.1, 8], 'recording uk': [[1400], 0.5, 15], 'pay uk': [[400], 0.125, 0.125],
};
function made([hz, ...parts]) {
  const out = new Float64Array(SECONDS * RATE);
  const whole = parts.reduce((sum, part) => sum + part, 0);
  for (let i = 0; i < out.length; i++) {
    let at = (i / RATE) % whole;
    const part = parts.findIndex((seconds) => (at -= seconds) < 0);
    if (part % 2 === 0)
      out[i] = hz.reduce((sum, each) => sum + Math.sin((2 * Math.PI * each * i) / RATE), 0) / hz.length;
  }
  return out;
}
function line(tone, floor, lost) {
  const level = dbov(-10 - 16 * random()) * 1.2;
  const lead = Math.round((0.2 + random()) * RATE);
  const noise = dbov(floor) * Math.sqrt(12);
  const samples = Int16Array.from({ length: lead + tone.length + RATE / 2 }, (_, i) => {
    const sum = (tone[i - lead] ?? 0) * level + (random() - 0.5) * noise;
    return Math.max(-32768, Math.min(32767, Math.round(sum)));
  });
  const sent = decodeG711('PCMU', encodeG711('PCMU', samples));
  for (let at = 0; at + 160 <= sent.length; at += 160) if (random() < lost) sent.fill(0, at, at + 160);
  return sent;
}

const kinds = Object.entries(cadences).map(([name, cadence]) => [name, made(cadence)]);
const triplets = Object.entries(callTones).filter(([name]) => name.startsWith('sit'));
for (const [name, make] of triplets) kinds.push([name, Float64Array.from(make(random))]);
let [all, falsely] = [0, 0];
for (const [name, tone] of kinds) {
  const wrong = [-66, -66, -66, -50, -45, -40, -66, -50].filter((floor, i) => {
    const { events } = listen(AmdDetector, line(tone, floor, i < 6 ? 0 : 0.03));
    return events.some(({ event }) => event === 'tone');
  });
  all += 8;
  falsely += wrong.length;
  if (wrong.length > 0) console.log(`  ${name}: ${wrong.length} of 8`);
}
console.log(`${falsely} of ${all} have a false beep`);
