import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transcript } from '../../ports/index.ts';
import { sound, until } from '../fixture.ts';
import { VendorFault } from '../vendor.ts';
import { type Heard, UtteranceEar, type UtteranceHearer } from './utterance-ear.ts';

const RATE = 16_000;

type Asked = {
  readonly seconds: number;
  readonly final: boolean;
  readonly answer: (heard: Heard | VendorFault) => void;
};

function ear(options: { interim?: boolean } = {}) {
  const asked: Asked[] = [];
  const hearer: UtteranceHearer = {
    name: 'test',
    interim: true,
    hear: (pcm, final) =>
      new Promise((resolve, reject) =>
        asked.push({
          seconds: pcm.length / RATE,
          final,
          answer: (heard) => (heard instanceof VendorFault ? reject(heard) : resolve(heard)),
        }),
      ),
  };
  const each = new UtteranceEar(hearer, { interim: options.interim === true, language: 'en-GB' });
  const results: Transcript[] = [];
  const failures: VendorFault[] = [];
  let speaking = 0;
  each.events.on('result', (result) => results.push(result));
  each.events.on('failed', (fault) => failures.push(fault));
  each.events.on('speaking', () => speaking++);
  const say = (...parts: Int16Array[]): void => {
    // Odd pieces: nothing may depend on where they are cut.
    for (const part of parts) for (let at = 0; at < part.length; at += 777) each.write(part.subarray(at, at + 777));
  };
  const finals = () => asked.filter(({ final }) => final);
  return { ear: each, asked, finals, results, failures, say, speaking: () => speaking };
}

const heard = (text: string): Heard => ({ text, confidence: 0.9 });

test('speech is cut at its pauses, with a little of what was before it', () => {
  const { say, finals, speaking } = ear();
  say(sound('room', 2), sound('voice', 2), sound('room', 2), sound('voice', 1), sound('room', 2));
  assert.equal(speaking(), 2);
  const seconds = finals().map((each) => each.seconds);
  assert.equal(seconds.length, 2);
  for (const [n, spoken] of [2, 1].entries())
    assert.ok(seconds[n]! > spoken + 0.5 && seconds[n]! < spoken + 1.7, `${seconds[n]} s of ${spoken} s`);
});

test('neither a room, nor digital silence, nor a steady hum, nor a click is speech', () => {
  const { say, asked } = ear();
  const click = new Int16Array(RATE);
  click.fill(20_000, 100, 260);
  say(sound('room', 3), new Int16Array(RATE * 3), click, new Int16Array(RATE));
  assert.equal(asked.length, 0);
  const hum = ear();
  hum.say(Int16Array.from({ length: RATE * 30 }, (_, i) => 3000 * Math.sin((2 * Math.PI * 50 * i) / RATE)));
  const total = hum.finals().reduce((sum, { seconds }) => sum + seconds, 0);
  assert.ok(total < 8, `a hum is background soon: ${total} s were taken for speech`);
});

test('someone who does not pause is cut at 15 s', () => {
  const { say, finals } = ear();
  say(sound('room', 1));
  for (let n = 0; n < 20; n++) say(sound('voice', 2));
  assert.ok(finals().length >= 2);
  for (const { seconds } of finals()) assert.ok(seconds <= 15, `${seconds} s`);
});

test('results come in the order of the speech, whatever the order of the answers', async () => {
  const { say, finals, results } = ear();
  say(sound('room', 1), sound('voice', 1), sound('room', 1), sound('voice', 1), sound('room', 1));
  finals()[1]!.answer(heard('second'));
  finals()[0]!.answer(heard('first'));
  await until('both', () => results.length === 2);
  assert.deepEqual(
    results.map(({ alternatives: [best] }) => best?.transcript),
    ['first', 'second'],
  );
  assert.deepEqual(results[0], {
    final: true,
    language: 'en-GB',
    vendor: 'test',
    alternatives: [{ transcript: 'first', confidence: 0.9 }],
  });
});

test('an interim result that comes after the utterance was over is not told', async () => {
  const { say, asked, finals, results } = ear({ interim: true });
  say(sound('room', 1), sound('voice', 2));
  const [look] = asked;
  assert.equal(look?.final, false);
  say(sound('room', 2));
  look.answer(heard('too late'));
  finals()[0]!.answer(heard('whole'));
  await until('the final one', () => results.length > 0);
  assert.deepEqual(
    results.map(({ final }) => final),
    [true],
  );
});

test('only one look at a time', () => {
  const { say, asked } = ear({ interim: true });
  say(sound('room', 1), sound('voice', 8));
  assert.equal(asked.length, 1);
});

test('finish hands out what was still being said, and waits for it', async () => {
  const { ear: each, say, finals, results } = ear();
  say(sound('room', 1), sound('voice', 1));
  const finishing = each.finish();
  finals()[0]!.answer(heard('cut short'));
  await finishing;
  assert.equal(results.length, 1);
  say(sound('voice', 1), sound('room', 2));
  assert.equal(finals().length, 1, 'nothing is taken after that');
});

test('it fails once, however many utterances were on their way', async () => {
  const { say, finals, failures, results } = ear();
  say(sound('room', 1), sound('voice', 1), sound('room', 1), sound('voice', 1), sound('room', 1));
  for (const { answer } of finals()) answer(new VendorFault('refused', 'no'));
  await until('the failure', () => failures.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([failures.length, results.length], [1, 0]);
});
