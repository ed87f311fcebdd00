import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig, soundAt } from '../fixture.ts';
import { Espeak, findEspeak } from './espeak.ts';

const never = new AbortController().signal;
const program = findEspeak();
const here = program === undefined ? { skip: 'espeak-ng is not installed' } : {};

test('it speaks languages that the voice of the package does not, chosen by itself', here, async (t) => {
  const { speech, alerts } = rig(t);
  const request = { accountSid: 'a', callSid: 'c', text: 'Guten Morgen, wie geht es Ihnen?' };
  const made = await speech.synthesise({ ...request, voice: { language: 'de-DE' } }, never);
  assert.ok(made.ok, JSON.stringify(made));
  assert.equal(made.vendor, 'espeak-ng');
  const { pcm, rate } = soundAt(made.sound.path);
  assert.ok(pcm.length / rate > 1 && pcm.length / rate < 5, `${pcm.length / rate} s`);
  const english = await speech.synthesise({ ...request, voice: { language: 'en-GB' } }, never);
  assert.ok(english.ok && english.vendor === 'flite');
  assert.deepEqual(alerts, []);
});

test('a language it does not know is refused in its words; options and paths are no voices', here, async () => {
  const voice = new Espeak(program!);
  await assert.rejects(voice.synthesise('x', { language: 'xx-XX' }, never), /espeak-ng cannot speak this: .+/);
  for (const name of ['--help', '../../etc/passwd', '-w/tmp/x', 'en; rm']) {
    const { pcm } = await voice.synthesise('Hello', { voice: name }, never);
    assert.ok(pcm.length > 4000, name);
  }
});

test('text that looks like an option is said; SSML breaks are pauses', here, async () => {
  const voice = new Espeak(program!);
  const say = async (text: string) => (await voice.synthesise(text, {}, never)).pcm.length;
  assert.ok((await say('--help')) > 4000);
  const plain = await say('<speak>One two</speak>');
  assert.ok((await say('<speak>One <break time="2s"/> two</speak>')) > plain + 30_000);
});

test('stopping kills the program; a crowd waits its turn', here, async () => {
  const voice = new Espeak(program!);
  const stop = new AbortController();
  const long = voice.synthesise('word '.repeat(4000), {}, stop.signal);
  stop.abort();
  await assert.rejects(long);
  const all = await Promise.all(Array.from({ length: 20 }, (_, n) => voice.synthesise(`${n}`, {}, never)));
  assert.ok(all.every(({ pcm }) => pcm.length > 1000));
});
