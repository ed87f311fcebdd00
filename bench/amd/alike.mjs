// Recordings of the same kind as ../shared/audio/amd, with its shares of people, mailboxes, noises, losses, leads, pauses, beeps and
// levels, from other voices: Debian's Asterisk prompts, espeak-ng, flite, festival. `--part=work` is what figures were chosen with;
// `--part=judge` has other voices and other music, and only judges. The real noises are cut from the labelled recordings.
//   node --import tsx bench/amd/alike.mjs OUT --part=work [--asterisk=/usr/share/asterisk] [--seed=1] [--times=3]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readWav, writeWav } from '../../src/media/files/wav.ts';
import { businesses, greetings, personal, short, sources } from './alike-sources.mjs';
import { readCorpus } from './corpus.mjs';
import { noiseBehind, randomFrom } from './harder.mjs';
import * as sound from './more-sound.mjs';
import { callTones } from './more-tones.mjs';

const { dbov, RATE, scaled, still } = sound;
const args = process.argv.slice(2);
const option = (name, usual) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? usual;
const out = path.resolve(args.find((arg) => !arg.startsWith('--')) ?? 'alike');
const asterisk = option('asterisk', '/usr/share/asterisk');
const part = sources[option('part', 'work')];
const times = Number(option('times', '3'));
const shared = path.resolve(import.meta.dirname, '../../../shared/audio');
const random = randomFrom(Number(option('seed', '1')) * 104_729);
for (let i = 0; i < 20; i++) random();
const between = (least, most) => least + (most - least) * random();
const pick = (list) => list[Math.floor(random() * list.length)];
const each = (count, make) => {
  for (let i = 0; i < count * times; i++) make(i);
};
fs.mkdirSync(out, { recursive: true });

/** Voices. */
/** A voice that has no letters for a text says nothing: undefined. */
function sayFestival(voice, text) {
  const file = path.join(out, 'tmp.wav');
  fs.rmSync(file, { force: true });
  spawnSync('text2wave', ['-eval', `(voice_${voice})`, '-o', file], { input: text });
  return fs.existsSync(file) && fs.statSync(file).size > 4000 ? sound.ffmpeg(['-i', file]) : undefined;
}
const engines = [
  ...part.espeak.map((v) => [`espeak ${v}`, (text) => sound.sayEspeak(v, text, between(140, 180), out)]),
  ...part.flite.map((v) => [`flite ${v}`, (text) => sound.ffmpeg(['-i', flite(v, text)])]),
  ...part.festival.map((v) => [`festival ${v}`, (text) => sayFestival(v, text)]),
];
function flite(voice, text) {
  const file = path.join(out, 'tmp.wav');
  spawnSync('flite', ['-voice', voice, '-t', text, '-o', file]);
  return file;
}
function made(texts) {
  const [name, say] = pick(engines);
  const samples = say(pick(texts));
  return samples === undefined ? made(texts) : { source: `made ${name}`, samples: sound.trimmed(samples) };
}
const sounds = path.join(asterisk, 'sounds');
function recorded(names, voice = pick(part.recorded)) {
  const samples = sound.prompts(path.join(sounds, voice), names);
  return samples.length < 1600 ? undefined : { source: `recorded ${voice}`, samples: sound.trimmed(samples) };
}
/** Prompts of a voice that last as long, s. */
function phrase(least, most) {
  for (;;) {
    const voice = pick(part.recorded);
    const files = fs.readdirSync(path.join(sounds, voice)).filter((name) => /^[^-].*\.(wav|gsm)$/.test(name));
    const found = recorded([pick(files).replace(/\.\w+$/, '')], voice);
    const seconds = (found?.samples.length ?? 0) / RATE;
    if (seconds > least && seconds < most && !found.source.includes('beep')) return found;
  }
}
const sure = (make) => {
  for (;;) {
    const found = make();
    if (found !== undefined) return found;
  }
};
const digit = () => `digits/${Math.floor(random() * 10)}`;
const digits = (least, most) => Array.from({ length: Math.round(between(least, most)) }, digit);
const letter = (from) => from.charAt(Math.floor(random() * from.length));
const word = () => recorded([pick([`letters/${letter('abcdehklmopqrsuwy')}`, `phonetic/${letter('abcdefghijkl')}_p`])]);
const hello = (voice) => recorded([pick(['hello', 'hello-world'])], voice) ?? recorded(['digits/8'], voice);

const talkers = part.talkers.map((name) =>
  sound.trimmed(sound.ffmpeg(['-i', path.join(shared, 'speech', `${name}.wav`)])),
);
const songs = part.songs.map((name) => sound.ffmpeg(['-i', path.join(asterisk, 'moh', `${name}.wav`)]));

/** Lines. */
const labelled = readCorpus(path.join(shared, 'amd'), readWav);
const madeNoises = sound.noisesOf(random, { songs, talkers });
const real = (name) => {
  const noise = noiseBehind(labelled, name);
  return (n) => sound.pieceOf(random, noise, n);
};
const noises = {
  ...madeNoises,
  line: (n) => sound.hiss(random, n, [pick([0, 0.5, 0.8]), 0]),
  ...Object.fromEntries(
    ['doing_the_dishes', 'air_conditioner', 'rain', 'running_tap', 'wind', 'pink_noise'].map((name) => [
      name,
      real(name),
    ]),
  ),
};
const lines = [
  [46, 'comfort'],
  [5, 'none'],
  [10, 'line', 30],
  [6, 'doing_the_dishes', 20],
  [8, 'air_conditioner', 20],
  [4, 'pink_noise', 20],
  [2, 'rain', 15],
  [4, 'running_tap', 15],
  [3, 'wind', 20],
  [4, 'music', 15],
  [3, 'babble', 20],
  [3, 'babble', 10],
  [2, 'street', 20],
];
const conditions = lines.flatMap(([share, noise, snr]) => Array.from({ length: share }, () => [noise, snr]));
const condition = () => {
  const [noise, snr] = pick(conditions);
  return { noise, snr, gsm: random() < 0.2, lost: random() < 0.13 ? pick([1, 3, 3, 8]) : 0 };
};

const rows = [];
function write(row, parts, level, where = condition()) {
  const whole = parts.flatMap((each) => [...each]);
  const { noise, snr } = where;
  const under =
    noise === 'none'
      ? new Float64Array(whole.length)
      : noise === 'comfort'
        ? scaled(noises.white(whole.length), dbov(-66))
        : scaled(noises[noise](whole.length), level / 10 ** (snr / 20));
  const sent = sound.line(random, whole, { ...where, under });
  const file = `${row.label}-${String(rows.length).padStart(4, '0')}.wav`;
  fs.writeFileSync(path.join(out, file), writeWav({ rate: RATE, channels: [sent] }));
  const codec = where.gsm ? 'gsm+pcmu' : 'pcmu';
  rows.push({ file, ...row, noise, snr_db: snr ?? '', loss_pct: where.lost, codec });
}
const at = (n) => (n / RATE).toFixed(3);

/** People. */
function person(kind, { source, samples }, { lead = pick([0.15, 0.3, 0.5, 0.7, 0.9, 1.2, 1.6]), where, ladder } = {}) {
  const level = dbov(between(-35, -20));
  const said = scaled(samples, level);
  const parts = [still(lead), said];
  const [start, end] = [lead * RATE, lead * RATE + said.length];
  const row = { label: 'human', kind, source, speech_start_s: at(start), speech_end_s: at(end) };
  if (!ladder && said.length < 2 * RATE && random() < 0.25) {
    const pause = still(between(1.3, 2.8));
    row.second_speech_s = at(end + pause.length);
    parts.push(pause, said);
  }
  write(row, [...parts, still(between(3.4, 4.8))], level, where);
}
const soon = () => ({ lead: pick([0.15, 0.3, 0.5, 0.7, 0.9]) });
each(11, () => person('word', sure(word)));
each(8, () =>
  person(
    'number-answer',
    sure(() => recorded(digits(1, 3))),
  ),
);
each(6, () =>
  person(
    'hello',
    sure(() => hello(pick(part.recorded))),
  ),
);
each(10, () => person('short-phrase', phrase(0.7, 2)));
each(3, () => person('sentence-answer', phrase(1.8, 2.8), soon()));
each(6, () => {
  const talker = pick(talkers);
  const from = Math.floor(random() * Math.max(1, talker.length - 2 * RATE));
  person('first-phrase', {
    source: 'talker',
    samples: sound.trimmed(talker.slice(from, from + between(0.8, 1.8) * RATE)),
  });
});
each(16, () => person('greeting', made(greetings)));
each(7, () => person('business-answer', made(businesses), soon()));
for (let i = 0; i < times; i++) {
  const said = sure(() => hello(part.recorded[i % part.recorded.length]));
  const steps = [30, 20, 10, 5].map((snr) => ({ noise: 'babble', snr, gsm: random() < 0.25, lost: 0 }));
  const losses = [5, 12, 20].map((lost) => ({ noise: 'comfort', gsm: random() < 0.25, lost }));
  for (let again = 0; again < 3; again++)
    for (const where of [...steps, ...losses])
      person('ladder', again === 0 ? said : sure(() => hello(pick(part.recorded))), { lead: 0.6, where, ladder: true });
}

/** Mailboxes. */
// prettier-ignore
const beepKinds = [
  [[1400], 0.4], [[1400], 0.9], [[700], 0.42], [[500], 0.45], [[1000], 1], [[1000], 0.2], [[1000], 0.5], [[853, 960], 0.6], [[1760], 0.15],
  [[1500], 0.5], [[850], 0.8], [[1200], 0.5], [[1004], 0.7], [[1633], 0.25], [[2000], 0.5], [[480, 620], 0.4], [[440], 0.5], [[350, 440], 0.5],
  [[800], 0.5], [[1000, 1010], 0.5], [[900], 0.35], [[1050], 0.4], [[620], 0.6], [[950], 0.25],
];
/** Half of them as the labelled recordings have them, half of any pitch and length. */
function beep() {
  const [hz, seconds] =
    random() < 0.5
      ? pick(beepKinds)
      : [[Math.round(400 * 5 ** random())], pick([0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1])];
  return {
    hz,
    samples: sound.beepSamples({ hz, seconds, glide: random() < 0.04 && hz.length === 1 ? between(0.6, 2) : 1 }),
  };
}
const beepLevel = () => dbov(pick([-10, -14, -18, -18, -22, -26]));
function mailbox(kind, { source, samples }, { silent = false, before = still(0) } = {}) {
  const level = dbov(between(-32, -18));
  const said = scaled(samples, level);
  const lead = still(pick([0.2, 0.4, 0.6, 0.9, 1.3, 1.8, 2.4]));
  const start = before.length + lead.length;
  const end = start + said.length;
  const row = { label: 'machine', kind, source, speech_start_s: at(start), speech_end_s: at(end) };
  if (silent) return write(row, [before, lead, said, still(3.8)], level);
  const gap = still(pick([0.25, 0.4, 0.6, 0.8, 1.2, 1.8]));
  const tone = beep();
  const beepAt = end + gap.length;
  Object.assign(row, {
    beep_at_s: at(beepAt),
    beep_end_s: at(beepAt + tone.samples.length),
    beep_hz: tone.hz.join('+'),
  });
  write(row, [before, lead, said, gap, scaled(tone.samples, beepLevel()), still(3.8)], level);
}
const prompt = (...lists) => sure(() => recorded(pick(lists)));
each(5, () =>
  mailbox(
    'extension-greeting',
    prompt(['vm-theperson', ...digits(3, 4), pick(['vm-isunavail', 'vm-isonphone']), ...pick([[], ['vm-intro']])]),
  ),
);
each(2, () => mailbox('screening', prompt(['vm-rec-name'])));
each(3, () => mailbox('mailbox-full', prompt(['vm-mailboxfull']), { silent: true }));
each(2, () => mailbox('intro-only', prompt(['vm-intro'])));
each(2, () => mailbox('nobody-available', prompt(['vm-nobodyavail'])));
each(1, () => {
  const triplet = callTones[pick(['sit ic', 'sit vc', 'sit ro', 'sit nc'])](random).map((s) => s * dbov(-18));
  mailbox('intercept', prompt(['number-not-answering'], ['ss-noservice'], ['vm-nobodyavail']), {
    silent: true,
    before: triplet,
  });
});
each(15, () => mailbox('personal-greeting', made(personal)));
each(4, () =>
  mailbox('personal-greeting', {
    source: 'talker',
    samples: sound.joined([pick(talkers), pick(talkers)]).slice(0, between(4, 11) * RATE),
  }),
);
each(2, () => mailbox('short-greeting', made(short)));
each(7, () => mailbox('short-greeting', prompt(['vm-leavemsg'], ['vm-goodbye'], ['vm-sorry'])));
each(3, () =>
  mailbox('forwarded', prompt(['vm-nobodyavail', 'vm-intro']), {
    before: callTones.ringing(random).map((s) => s * dbov(-19)),
  }),
);

/** What is nobody. */
each(8, (i) => {
  const tone = beep();
  const lead = still(pick([0.3, 0.5, 0.8, 1.5]));
  const place = {
    beep_at_s: at(lead.length),
    beep_end_s: at(lead.length + tone.samples.length),
    beep_hz: tone.hz.join('+'),
  };
  const loud = beepLevel();
  const where = pick([['comfort'], ['comfort'], ['air_conditioner', 20], ['line', 30]]);
  write(
    { label: 'beep', kind: 'beep', source: `beep ${i}`, ...place },
    [lead, scaled(tone.samples, loud), still(2)],
    loud,
    { noise: where[0], snr: where[1], gsm: false, lost: 0 },
  );
});
for (const [kind, make] of Object.entries(callTones).filter(([name]) => name !== 'ringing')) {
  const label = kind.startsWith('sit') ? 'sit' : kind.startsWith('fax') ? 'fax' : 'tone';
  const level = dbov(between(-22, -12));
  write(
    { label, kind, source: kind },
    [still(between(0.2, 1)), make(random).map((s) => s * level * Math.SQRT2), still(1)],
    level,
  );
}
const quiet = { noise: 'none', gsm: false, lost: 0 };
each(2, () =>
  write(
    { label: 'music', kind: 'music-on-hold', source: 'music' },
    [scaled(sound.pieceOf(random, pick(songs), 8 * RATE), dbov(between(-30, -18)))],
    1,
    quiet,
  ),
);
for (const name of Object.keys(noises))
  write(
    { label: 'noise', kind: name, source: 'noise' },
    [scaled(noises[name](8 * RATE), dbov(between(-45, -24)))],
    1,
    quiet,
  );

// prettier-ignore
sound.writeLabels(out, rows, [
  'file', 'label', 'beep_at_s', 'beep_end_s', 'beep_hz', 'kind', 'speech_start_s', 'speech_end_s', 'second_speech_s', 'noise', 'snr_db',
  'loss_pct', 'codec', 'source',
]);
console.log(`${rows.length} recordings in ${out}`);
