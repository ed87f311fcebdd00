// More recordings, with voices, music and noises that ../shared/audio/amd has not: made from Debian's Asterisk prompts and music
// (asterisk-core-sounds-*-wav, asterisk-prompt-*, asterisk-moh-opsound-wav), espeak-ng and ffmpeg's flite, with a fixed seed. Seed 1 was
// worked with: figures were chosen and beep-trees.ts was fitted with it in view. Seed 2, with other voices of espeak-ng, only judges.
//   node --import tsx bench/amd/more.mjs OUT [--asterisk=/usr/share/asterisk] [--speech=../shared/audio/speech] [--seed=1] [--voices=de,nl]
// writes wav files and a labels.csv as ../shared/audio/amd has; give OUT to run.mjs, stress.mjs and beeps.mjs.
import fs from 'node:fs';
import path from 'node:path';
import { writeWav } from '../../src/media/files/wav.ts';
import { randomFrom } from './harder.mjs';
import {
  beepSamples,
  dbov,
  ffmpeg,
  hiss,
  line,
  noisesOf,
  pieceOf,
  prompts,
  RATE,
  recordedVoices,
  sayEspeak,
  sayFlite,
  scaled,
  still,
  trimmed,
  writeLabels,
} from './more-sound.mjs';
import { callTones } from './more-tones.mjs';
import { humanTexts, machineTexts } from './more-texts.mjs';

const args = process.argv.slice(2);
const option = (name, usual) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? usual;
const out = path.resolve(args.find((arg) => !arg.startsWith('--')) ?? 'more');
const asterisk = option('asterisk', '/usr/share/asterisk');
const random = randomFrom(Number(option('seed', '1')) * 7919);
for (let i = 0; i < 20; i++) random();
const between = (least, most) => least + (most - least) * random();
const pick = (list) => list[Math.floor(random() * list.length)];
/** Voices that speak: { source, kind, label, samples }. */
function spoken() {
  const found = [];
  const add = (label, kind, source, samples) =>
    samples.length > 800 && found.push({ label, kind, source, samples: trimmed(samples) });
  const sounds = path.join(asterisk, 'sounds');
  for (const voice of recordedVoices(sounds)) {
    const folder = path.join(sounds, voice);
    const number = () => Array.from({ length: 4 }, () => `digits/${Math.floor(random() * 10)}`);
    const greetings = [
      ['vm-theperson', ...number(), 'vm-isunavail', 'vm-intro'],
      ['vm-theperson', ...number(), 'vm-isonphone'],
      ['vm-intro'],
      ['vm-nobodyavail'],
      ['vm-nobodyavail', 'vm-intro'],
      ['vm-goodbye'],
      ['vm-leavemsg'],
      ['vm-sorry'],
      ['vm-rec-name'],
    ];
    for (const each of greetings) add('machine', 'prompt', `recorded ${voice}`, prompts(folder, each));
    for (const each of [
      'hello',
      'hello-world',
      'digits/1',
      'digits/7',
      'digits/20',
      'letters/a',
      'phonetic/b_p',
      'vm-tocallnum',
      'yes-dictate',
      'agent-pass',
      'privacy-unident',
    ])
      add('human', 'word', `recorded ${voice}`, prompts(folder, [each]));
  }
  const usual = 'de,nl,sv,pl,pt,en-gb-scotland+m3,en-029+f2,fr-fr+f3,es+m2,en-us+f4,en-gb+m7,cs+f1';
  const espeak = option('voices', usual).split(',');
  const engines = [
    ...espeak.map((v) => ['espeak', v, (voice, text) => sayEspeak(voice, text, between(140, 180), out)]),
    ...['kal', 'awb', 'rms', 'slt'].map((v) => ['flite', v, sayFlite]),
  ];
  for (const [engine, voice, say] of engines) {
    const texts = (all) => all[voice.slice(0, 2)] ?? all['en'];
    for (const text of texts(machineTexts)) add('machine', 'tts', `made ${engine} ${voice}`, say(voice, text));
    for (const text of texts(humanTexts)) add('human', 'tts', `made ${engine} ${voice}`, say(voice, text));
  }
  return found;
}

function beep() {
  const hz =
    random() < 0.25
      ? pick([
          [350, 440],
          [480, 620],
          [853, 960],
          [1000, 1010],
          [440, 480],
          [700, 1100],
        ])
      : [Math.round(between(420, 2200))];
  const seconds = pick([0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.5, 0.6, 0.8, 1, 1.2]);
  const glide = random() < 0.06 ? between(0.7, 1.6) : 1;
  return { hz, samples: beepSamples({ hz, seconds, glide }) };
}

const speechFolder = option('speech', path.resolve(import.meta.dirname, '../../../shared/audio/speech'));
const talkers = fs.existsSync(speechFolder)
  ? fs
      .readdirSync(speechFolder)
      .filter((name) => name.endsWith('.wav'))
      .map((name) => trimmed(ffmpeg(['-i', path.join(speechFolder, name)])))
  : [];
const songs = fs
  .readdirSync(path.join(asterisk, 'moh'))
  .filter((name) => name.endsWith('.wav'))
  .map((name) => ffmpeg(['-i', path.join(asterisk, 'moh', name)]));
const from = (samples, length) => pieceOf(random, samples, length);
const noises = noisesOf(random, { songs, talkers });
/** What lies under a recording. */
const underneath = (length, level, { noise, snr }) =>
  noise === 'comfort'
    ? scaled(hiss(random, length, [0, 0]), dbov(-68))
    : scaled(noises[noise](length), level / 10 ** (snr / 20));

function condition() {
  const noise = pick([
    'comfort',
    'comfort',
    'comfort',
    'white',
    'pink',
    'rumble',
    'street',
    'music',
    'babble',
    'babble',
  ]);
  const snr =
    noise === 'babble' ? pick([8, 10, 15, 20]) : noise === 'music' ? pick([12, 15, 20]) : pick([12, 15, 20, 30]);
  return { noise, snr, gsm: random() < 0.3, lost: random() < 0.25 ? pick([1, 3, 5, 8, 12]) : 0 };
}

const rows = [];
function write(row, parts, level) {
  const where = condition();
  const file = `${row.label}-${String(rows.length).padStart(4, '0')}.wav`;
  const whole = parts.flatMap((part) => [...part]);
  const sent = line(random, whole, { ...where, under: underneath(whole.length, level, where) });
  fs.writeFileSync(path.join(out, file), writeWav({ rate: RATE, channels: [sent] }));
  rows.push({
    file,
    ...row,
    noise: where.noise,
    snr_db: where.noise === 'comfort' ? '' : where.snr,
    loss_pct: where.lost,
    codec: where.gsm ? 'gsm' : 'pcmu',
  });
}
const at = (n) => (n / RATE).toFixed(3);

fs.mkdirSync(out, { recursive: true });
for (const { label, kind, source, samples } of spoken()) {
  const voice = dbov(between(-28, -16));
  const said = scaled(samples, voice);
  // Now and then what rang or was played before they answered is still heard.
  const rest = random();
  const before =
    rest < 0.07
      ? callTones.ringing(random).map((s) => s * dbov(-19))
      : rest < 0.12
        ? scaled(from(pick(songs), Math.round(between(2, 4) * RATE)), voice * 0.5)
        : still(0);
  const lead = still(
    before.length > 0 ? between(0.3, 1) : label === 'machine' ? between(0.2, 2.4) : between(0.15, 1.6),
  );
  const start = before.length + lead.length;
  const end = start + said.length;
  const row = {
    label,
    kind: rest < 0.07 ? `${kind}-ringback` : rest < 0.12 ? `${kind}-hold` : kind,
    source,
    speech_start_s: at(start),
    speech_end_s: at(end),
  };
  if (label === 'human') {
    write(row, [before, lead, said, still(4.5)], voice);
    continue;
  }
  const gap = still(between(0.2, 1.8));
  const tone = beep();
  const beepAt = end + gap.length;
  Object.assign(row, {
    beep_at_s: at(beepAt),
    beep_end_s: at(beepAt + tone.samples.length),
    beep_hz: tone.hz.join('+'),
  });
  const sound = scaled(tone.samples, voice * 10 ** (between(-8, 4) / 20));
  write(row, [before, lead, said, gap, sound, still(4)], voice);
}
for (let i = 0; i < 30; i++) {
  const tone = beep();
  const lead = still(between(0.3, 1.5));
  write(
    {
      label: 'beep',
      kind: 'beep',
      source: `beep ${i}`,
      beep_at_s: at(lead.length),
      beep_end_s: at(lead.length + tone.samples.length),
      beep_hz: tone.hz.join('+'),
    },
    [lead, scaled(tone.samples, dbov(-18)), still(2.5)],
    dbov(-18),
  );
}
for (const [kind, make] of Object.entries(callTones).filter(([name]) => name !== 'ringing')) {
  for (let i = 0; i < 6; i++) {
    const label = kind.startsWith('sit') ? 'sit' : kind.startsWith('fax') ? 'fax' : 'tone';
    const level = dbov(between(-26, -12));
    write(
      { label, kind, source: kind },
      [still(between(0.2, 1)), make(random).map((s) => s * level * Math.SQRT2), still(1)],
      level,
    );
  }
}
for (const song of songs)
  for (let i = 0; i < 4; i++)
    write(
      { label: 'music', kind: 'music-on-hold', source: 'music' },
      [scaled(from(song, 8 * RATE), dbov(between(-30, -18)))],
      dbov(-26),
    );
for (const noise of Object.keys(noises))
  for (let i = 0; i < 2; i++)
    write(
      { label: 'noise', kind: noise, source: 'noise' },
      [scaled(noises[noise](8 * RATE), dbov(between(-45, -26)))],
      dbov(-26),
    );

const columns = [
  'file',
  'label',
  'beep_at_s',
  'beep_end_s',
  'beep_hz',
  'kind',
  'speech_start_s',
  'speech_end_s',
  'noise',
  'snr_db',
  'loss_pct',
  'codec',
  'source',
];
writeLabels(out, rows, columns);
console.log(`${rows.length} recordings in ${out}`);
