// npm run bench:stt [-- FOLDER]: word error of the offline recogniser on labelled sentences (WAVs and transcripts.csv),
// as they are and through G.711 at 8 kHz, heard the way a call is: 20 ms at a time, cut at the pauses.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installEars } from '../scripts/ears.mjs';
import { SystemClock } from '../src/base/index.ts';
import { readWav, resample, toMono } from '../src/media/index.ts';
import { alawToLinear, linearToAlaw } from '../src/media/codec/g711.ts';
import { findEars, Moonshine } from '../src/speech/offline/moonshine.ts';
import { wordErrors, wordsOf } from './lib/words.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = process.argv[2] ?? path.join(root, '../shared/audio/speech');
const RATE = 16_000;

/** file,text,… with the text in quotes where it holds a comma. */
function labels() {
  const lines = fs.readFileSync(path.join(folder, 'transcripts.csv'), 'utf8').trim().split('\n').slice(1);
  return lines.map((line) => {
    const [, file, quoted, plain] = /^([^,]+),(?:"([^"]*)"|([^,]*)),/.exec(line) ?? [];
    return { file, text: quoted ?? plain };
  });
}

function throughTelephone(pcm, rate) {
  const narrow = resample(pcm, rate, 8000).map((sample) => alawToLinear[linearToAlaw[sample & 0xffff]]);
  return resample(narrow, 8000, RATE);
}

async function hear(model, pcm) {
  const ear = model.open({});
  const said = [];
  ear.events.on('result', ({ final, alternatives }) => final && said.push(alternatives[0].transcript));
  for (let at = 0; at < pcm.length; at += 320) ear.write(pcm.subarray(at, at + 320));
  await ear.finish();
  return said.join(' ');
}

await installEars();
const model = new Moonshine(new SystemClock(), findEars());
const sums = { wide: { errors: 0, words: 0 }, telephone: { errors: 0, words: 0 } };
let seconds = 0;
const began = process.cpuUsage();
for (const { file, text } of labels()) {
  const { channels, rate } = readWav(fs.readFileSync(path.join(folder, file)));
  const pcm = channels.length === 1 ? channels[0] : toMono(channels, rate);
  const wanted = wordsOf(text);
  for (const [name, sound] of [
    ['wide', resample(pcm, rate, RATE)],
    ['telephone', throughTelephone(pcm, rate)],
  ]) {
    const heard = await hear(model, sound);
    const errors = wordErrors(wanted, wordsOf(heard));
    sums[name].errors += errors;
    sums[name].words += wanted.length;
    seconds += sound.length / RATE;
    if (errors > 0) console.log(`${file} (${name}): ${errors} of ${wanted.length}\n  said  ${text}\n  heard ${heard}`);
  }
}
const { user, system } = process.cpuUsage(began);
await model.stop();
for (const [name, { errors, words }] of Object.entries(sums))
  console.log(`word error, ${name}: ${(errors / words).toFixed(3)} (${errors} of ${words} words)`);
console.log(`CPU: ${((user + system) / 1e6 / seconds).toFixed(3)} s a second of sound, loading included`);
