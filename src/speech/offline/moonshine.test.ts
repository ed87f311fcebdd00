import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../base/index.ts';
import { findFlite, Flite } from './flite.ts';
import { findEars, Moonshine } from './moonshine.ts';

const RATE = 16_000;

before(() => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../../scripts/ears.mjs', import.meta.url))]);
});

function moonshine(t: TestContext): Moonshine {
  const model = new Moonshine(new SystemClock(), findEars() ?? '');
  t.after(() => model.stop());
  return model;
}

/** What is heard of a sound, a second of silence on both sides. */
async function heard(model: Moonshine, sound: Int16Array): Promise<string[]> {
  const ear = model.open({});
  const said: string[] = [];
  ear.events.on('result', ({ alternatives: [best] }) => said.push(best?.transcript ?? ''));
  ear.write(new Int16Array(RATE));
  ear.write(sound);
  ear.write(new Int16Array(RATE));
  await ear.finish();
  return said;
}

test('a sentence comes back in its words', async (t) => {
  const flite = new Flite(new SystemClock(), findFlite() ?? '');
  t.after(() => flite.stop());
  const { pcm } = await flite.synthesise(
    'The meeting is on Monday at nine in the morning.',
    {},
    new AbortController().signal,
  );
  const [sentence = ''] = await heard(moonshine(t), pcm);
  assert.match(sentence.toLowerCase(), /meeting is on monday/);
});

test('tones, ringback, keys and noise are no words', async (t) => {
  const model = moonshine(t);
  const sine = (hz: number, i: number) => 5000 * Math.sin((2 * Math.PI * hz * i) / RATE);
  const sounds: Record<string, (i: number) => number> = {
    'a tone': (i) => sine(440, i),
    ringback: (i) => sine(440, i) + sine(480, i),
    'a key': (i) => sine(697, i) + sine(1209, i),
    noise: (i) => 6000 * Math.sin(i * i * 12.9898),
  };
  for (const [what, make] of Object.entries(sounds))
    assert.deepEqual(
      await heard(
        model,
        Int16Array.from({ length: RATE * 2 }, (_, i) => make(i)),
      ),
      [],
      what,
    );
});

test('a folder that is none: the fault says so', async (t) => {
  const model = new Moonshine(new SystemClock(), '/nonexistent');
  t.after(() => model.stop());
  await assert.rejects(model.hear(new Int16Array(RATE), true), /^VendorFault: moonshine: .*onnxruntime-node/);
});

test('other languages are refused by name', (t) => {
  assert.throws(() => moonshine(t).open({ language: 'fr-FR' }), /moonshine hears English only, not fr-FR/);
});
