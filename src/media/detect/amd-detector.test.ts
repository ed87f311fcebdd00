import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detection, DetectOptions } from '../../ports/index.ts';
import { AmdDetector } from './amd-detector.ts';
import { noise, sequence, silence, speech, tone } from './speechlike.ts';

function listen(parts: readonly Int16Array[], options: DetectOptions = {}, noiseDb = -65): Detection[] {
  const found: Detection[] = [];
  const samples = sequence(parts, noiseDb);
  const detector = new AmdDetector(options, (each) => found.push(each));
  for (let at = 0; at + 160 <= samples.length; at += 160) detector.push(samples.subarray(at, at + 160));
  return found;
}
const names = (found: readonly Detection[]): string[] => found.map(({ event }) => event);
const one = (found: readonly Detection[], event: string): Detection => {
  const all = found.filter((each) => each.event === event);
  assert.equal(all.length, 1, `${event} in ${JSON.stringify(found)}`);
  return all[0]!;
};

test('a short greeting and then silence is a person, within 2 s of its end', () => {
  for (const ms of [400, 900, 1600, 3600]) {
    const found = listen([silence(700), speech(ms), silence(6000)]);
    assert.deepEqual(names(found), ['human', 'stopped'], `${ms} ms`);
    const { atMs, confidence } = one(found, 'human');
    assert.ok(atMs > 700 + ms && atMs <= 700 + ms + 2000, `${ms} ms of greeting: ${atMs}`);
    assert.ok(confidence >= 0.5 && confidence <= 1);
  }
});

test('a person is found under noise, and when packets are lost', () => {
  assert.equal(listen([silence(800), speech(900), silence(5000)], {}, -36)[0]?.event, 'human');
  const lossy = sequence([silence(700), speech(1200), silence(5000)]);
  for (let frame = 0; frame * 160 < lossy.length; frame++)
    if (frame % 6 === 5) lossy.fill(0, frame * 160, frame * 160 + 160);
  const found: Detection[] = [];
  const detector = new AmdDetector({}, (each) => found.push(each));
  for (let at = 0; at + 160 <= lossy.length; at += 160) detector.push(lossy.subarray(at, at + 160));
  assert.equal(found[0]?.event, 'human');
});

test('who speaks from the first moment on is heard; a loud line alone is nobody', () => {
  assert.deepEqual(names(listen([speech(900), silence(6000)])), ['human', 'stopped']);
  const mailbox = listen([speech(4000), tone([1000], 400), silence(4000)]);
  assert.deepEqual(names(mailbox), ['machine', 'tone', 'greeting-end', 'stopped']);
  assert.deepEqual(names(listen([silence(7000)], {}, -30)), ['no-speech', 'stopped']);
});

test('who says hello twice is a person before the second hello is over', () => {
  const found = listen([silence(500), speech(800), silence(1400), speech(1500), silence(4000)]);
  assert.equal(one(found, 'human').reason, 'asked again');
  assert.ok(one(found, 'human').atMs <= 500 + 800 + 2000);
});

test('who talks on and on is a machine while it talks; its end is told, then a late beep', () => {
  const found = listen([silence(400), speech(12_000), silence(2500), tone([1400], 400), silence(3000)]);
  assert.deepEqual(names(found), ['machine', 'greeting-end', 'tone', 'stopped']);
  assert.ok(one(found, 'machine').atMs < 8000);
  const end = one(found, 'greeting-end').atMs;
  assert.ok(end >= 12_400 + 1800 && end <= 12_400 + 2400, `greeting end at ${end}`);
});

test('a beep after a short greeting is a machine, and told within 300 ms of its end', () => {
  for (const hz of [[440], [1000], [1000, 1010], [853, 960], [620, 480], [350, 440], [2000]]) {
    const found = listen([silence(400), speech(1500), silence(600), tone(hz, 500), silence(3000)]);
    assert.deepEqual(names(found), ['machine', 'tone', 'greeting-end', 'stopped'], hz.join('+'));
    const beep = one(found, 'tone');
    assert.ok(beep.atMs > 3000 && beep.atMs <= 3300, `${hz.join('+')} told at ${beep.atMs}`);
    assert.ok(
      Math.abs((beep.frequencies?.[0] ?? 0) - Math.min(...hz)) < 12,
      `${hz.join('+')}: ${beep.frequencies?.join()}`,
    );
    assert.ok(Math.abs((beep.durationMs ?? 0) - 500) <= 40);
    assert.ok(one(found, 'greeting-end').atMs <= 3000 + 1300);
  }
});

test('a beep that begins as late as the verdict of a person would come still decides', () => {
  const found = listen([silence(400), speech(2000), silence(1850), tone([1000], 500), silence(3000)]);
  assert.deepEqual(names(found).slice(0, 2), ['machine', 'tone']);
});

test('a greeting that is both long and late is an announcement', () => {
  const found = listen([silence(2400), speech(4000), silence(4000)]);
  assert.equal(one(found, 'machine').reason, 'late and long greeting');
  assert.equal(listen([silence(2400), speech(700), silence(4000)])[0]?.event, 'human');
});

test('after the tone timeout no beep is told, but the end of the greeting still is', () => {
  const options = { toneMs: 5000 };
  const found = listen([silence(400), speech(9000), silence(500), tone([1000], 400), silence(4000)], options);
  assert.deepEqual(names(found), ['machine', 'greeting-end', 'stopped']);
});

test('nobody speaks: no-speech at its time, whatever the noise', () => {
  for (const level of [-90, -65, -45, -30]) {
    const found = listen([silence(7000)], { noSpeechMs: 3000 }, level);
    assert.deepEqual(names(found), ['no-speech', 'stopped'], `${level} dB`);
    assert.ok(Math.abs(one(found, 'no-speech').atMs - 3000) <= 40);
  }
});

test('ringing that goes on in the sound is nobody’s silence and nobody’s beep', () => {
  const ring = [tone([440, 480], 2000), silence(4000)];
  const found = listen([...ring, ...ring, speech(10_000), silence(4000)]);
  assert.equal(found[0]?.event, 'machine');
  assert.equal(
    found.some(({ event }) => event === 'tone'),
    false,
  );
});

test('a greeting that neither ends nor grows long by the decision time is unknown, and says so', () => {
  const found = listen([silence(500), speech(4000)], { decisionMs: 3000 });
  assert.deepEqual(names(found), ['unknown', 'stopped']);
  assert.equal(one(found, 'unknown').confidence, 0.5);
});

test('fax and special information tones are named, and are no beeps', () => {
  assert.deepEqual(names(listen([silence(400), tone([2100], 3000), silence(500)])), ['fax', 'stopped']);
  assert.deepEqual(names(listen([silence(400), tone([1100], 500), silence(3000)])), ['fax', 'stopped']);
  const sit = [tone([985], 276), tone([1429], 380), tone([1777], 380)];
  const found = listen([silence(400), ...sit, silence(400), speech(3000), silence(3000)]);
  assert.deepEqual(names(found), ['sit', 'greeting-end', 'stopped']);
});

test('the tones of the network are no beeps and no voice', () => {
  const bursts = (hz: number[], on: number, off: number) =>
    Array.from({ length: 4 }, () => [tone(hz, on), silence(off)]).flat();
  const cases: [string, Int16Array[]][] = [
    ['busy', bursts([480, 620], 500, 500)],
    ['reorder', bursts([480, 620], 250, 250)],
    ['busy of Europe', bursts([425], 500, 500)],
    ['ringing of Britain', [...bursts([400, 450], 400, 200).slice(0, 4), silence(2000)]],
    ['call waiting', bursts([440], 300, 100)],
    ['dial tone', [tone([350, 440], 6000)]],
    ['keys', bursts([697, 1209], 200, 300)],
  ];
  for (const [name, parts] of cases) {
    const found = listen([silence(500), ...parts, silence(500)]);
    assert.deepEqual(
      names(found).filter((each) => each !== 'no-speech' && each !== 'stopped'),
      [],
      name,
    );
  }
});

test('triplets and fax tones that are 2 % off are named, in noise too', () => {
  for (const off of [0.98, 1, 1.02]) {
    for (const noiseDb of [-65, -32]) {
      for (const [first, second] of [
        [913.8, 1370.6],
        [985.2, 1428.5],
        [950, 1400],
      ] as const) {
        const sit = [tone([first * off], 380), tone([second * off], 276), tone([1776.7 * off], 380)];
        assert.deepEqual(
          names(listen([silence(400), ...sit, silence(3000)], {}, noiseDb)),
          ['sit', 'greeting-end', 'stopped'],
          `${first} x ${off} at ${noiseDb} dB`,
        );
      }
      for (const fax of [tone([1100 * off], 500), tone([2100 * off], 3000)])
        assert.equal(
          listen([silence(400), fax, silence(3000)], {}, noiseDb)[0]?.event,
          'fax',
          `${off} at ${noiseDb} dB`,
        );
    }
  }
});

test('tones of the network that are 2 % off are no beeps and no voice, in noise too', () => {
  const bursts = (hz: number[], on: number, off: number, times = 6) =>
    Array.from({ length: times }, () => [tone(hz, on), silence(off)]).flat();
  for (const off of [0.98, 1.02]) {
    const hz = (...lines: number[]): number[] => lines.map((line) => line * off);
    const cases: [string, Int16Array[]][] = [
      ['busy of Britain', bursts(hz(400), 375, 375)],
      ['busy', bursts(hz(480, 620), 500, 500)],
      ['congestion of Europe', bursts(hz(425), 200, 200, 10)],
      ['ringing', bursts(hz(440, 480), 2000, 4000, 1)],
      ['stuttering dial tone', [...bursts(hz(350, 440), 100, 100, 10), tone(hz(350, 440), 2000)]],
      ['keys', bursts([770, 1336], 150, 300)],
    ];
    for (const [name, parts] of cases) {
      const found = listen([silence(500), ...parts, silence(500)], {}, -45);
      assert.deepEqual(
        names(found).filter((each) => each !== 'no-speech' && each !== 'stopped'),
        [],
        `${name} x ${off}`,
      );
    }
  }
});

test('a person in loud noise is found within 2 s of the greeting’s end', () => {
  for (const noiseDb of [-45, -40, -36]) {
    const found = listen([silence(800), speech(1400), silence(5000)], {}, noiseDb);
    const { atMs } = one(found, 'human');
    assert.ok(atMs > 2200 && atMs <= 2200 + 2000, `${noiseDb} dB: ${atMs}`);
  }
});

test('whoever speaks on after what was taken for a beep may beep again, and that is told', () => {
  const parts = [silence(400), speech(1500), silence(300), tone([1000], 300), silence(300), speech(3000)];
  const found = listen([...parts, silence(500), tone([1400], 500), silence(4000)]);
  assert.deepEqual(
    found.filter(({ event }) => event === 'tone').map(({ frequencies }) => Math.round((frequencies?.[0] ?? 0) / 100)),
    [10, 14],
  );
});

test('a single beep with nothing said is told, and is a machine when nobody speaks after it', () => {
  const found = listen([silence(800), tone([1000], 500), silence(4000)]);
  assert.deepEqual(names(found), ['tone', 'machine', 'greeting-end', 'stopped']);
  assert.ok(one(found, 'tone').atMs <= 1300 + 300);
});

test('when it is over it says nothing more, whatever comes', () => {
  const found = listen([silence(6000), speech(3000), tone([1000], 500), silence(3000)]);
  assert.deepEqual(names(found), ['no-speech', 'stopped']);
});

test('any sound at all is taken: full scale, noise, zeros, steps', () => {
  const step = new Int16Array(16_000).map((_, i) => (Math.floor(i / 400) % 2 === 0 ? 32_767 : -32_768));
  const parts = [noise(3000, -1), step, silence(2000), noise(3000, 0, 11), tone([3999], 2000, 3)];
  for (const { confidence, atMs } of listen(parts)) {
    assert.ok(confidence >= 0 && confidence <= 1);
    assert.ok(Number.isFinite(atMs));
  }
});
