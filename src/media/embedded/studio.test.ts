/** The studio on real sockets: a tone goes in at one end, what the other end hears is measured. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PcmRingReader, PcmRingWriter, SeededRandom } from '../../base/index.ts';
import type { Detection, TapOptions } from '../../ports/index.ts';
import { decodeG711, encodeG711 } from '../codec/g711.ts';
import { Resampler } from '../codec/resampler.ts';
import { digitSamples } from '../dtmf/digits.ts';
import { EVENTS, PCMA, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';

const engine = await testEngine();
const phones: TestPhone[] = [];
const talks: (() => void)[] = [];
let number = 0;
after(async () => {
  for (const stop of talks) stop();
  for (const each of phones) each.close();
  await engine.close();
});

async function leg(payloads = [PCMU, EVENTS]) {
  const phone = await TestPhone.open();
  phones.push(phone);
  const endpoint = `e${++number}`;
  const at = await engine.open({ session: 's', endpoint });
  await engine.configure(endpoint, phone.settings(payloads));
  return { phone, endpoint, at };
}

/** Two legs, bridged; the first says a tone of 400 Hz. */
async function call(levelOfTone = -20) {
  const a = await leg();
  const b = await leg();
  assert.deepEqual(await engine.bridge(a.endpoint, b.endpoint), { path: 'relay' });
  talks.push(a.phone.talk(a.at, 400, { levelDb: levelOfTone }));
  await b.phone.more(10);
  return { a, b };
}

/** Resolves once so many more packets have been relayed. */
async function relays(phone: TestPhone, packets: number): Promise<void> {
  const { packetsRelayed } = await engine.stats();
  while ((await engine.stats()).packetsRelayed < packetsRelayed + packets) await phone.more(1);
}

/** The last packets that came, as samples. */
function last(phone: TestPhone, packets: number): Int16Array {
  const heard = phone.heard.filter((packet) => packet.payloadType === 0).slice(-packets);
  return Int16Array.from(heard.flatMap((packet) => [...decodeG711('PCMU', packet.payload)]));
}

/** One stream without a hole: each number follows the one before, the timeline moves by a packet and leaps only where a
 * marker says that something else begins, by no more than `ms`, and there is sound in every packet. Where this machine
 * stood still there are other holes, and nothing to be learned from them. */
function isWhole(phone: TestPhone, ms: number, from: TestPhone = phone): void {
  const stoodStill = from.behindMs > 40;
  for (let i = 1; i < phone.heard.length; i++) {
    const [before, now] = [phone.heard[i - 1]!, phone.heard[i]!];
    assert.equal((now.sequence - before.sequence) & 0xffff, 1, `number of packet ${i}`);
    const step = (now.timestamp - before.timestamp) >>> 0;
    const most = now.marker ? 160 + ms * 8 : 160;
    assert.ok(stoodStill || (step >= 160 && step <= most), `timeline of packet ${i} moves by ${step}`);
    assert.equal(now.ssrc, before.ssrc);
    assert.ok(stoodStill || levelDb(decodeG711('PCMU', now.payload)) > -35, `packet ${i} is silent`);
  }
}

test('a gain raises what one far end hears, and 0 gives the relay back, without a hole in the sound', async () => {
  const { a, b } = await call();
  const before = levelDb(last(b.phone, 8));
  await engine.setGain(b.endpoint, 6);
  await b.phone.more(20);
  assert.ok(Math.abs(levelDb(last(b.phone, 8)) - before - 6) < 0.5);
  await engine.setGain(b.endpoint, -12.5);
  await b.phone.more(12);
  assert.ok(Math.abs(levelDb(last(b.phone, 8)) - before + 12.5) < 0.5);
  await engine.setGain(b.endpoint, 0);
  await b.phone.more(60);
  await relays(b.phone, 15);
  assert.ok(Math.abs(levelDb(last(b.phone, 8)) - before) < 0.1);
  isWhole(b.phone, 60, a.phone);
  await engine.release(a.endpoint);
  await engine.release(b.endpoint);
});

test('the other direction stays on the relay while one is boosted', async () => {
  const { a, b } = await call();
  talks.push(b.phone.talk(b.at, 700));
  await engine.setGain(b.endpoint, 10);
  await b.phone.more(10);
  await relays(a.phone, 30);
  assert.ok(goertzel(last(a.phone, 10), 700) > 0.98);
});

test('a boost of loud sound is limited and never wraps', async () => {
  const { b } = await call(-3);
  await engine.setGain(b.endpoint, 20);
  await b.phone.more(30);
  const audio = last(b.phone, 10);
  assert.ok(levelDb(audio) > 1.5, 'as loud as can be');
  assert.ok(goertzel(audio, 400) > 0.98, 'and still the same tone');
});

test('a track is mixed in at its own gain, tells its end, and the main track is not touched by it', async () => {
  const { a, b } = await call();
  const played = new Promise<unknown[]>((resolve) => {
    engine.studioEvents.on('trackPlayed', (...all) => resolve(all));
  });
  const sound = { kind: 'tone', frequencies: [1000], levelDb: -10, cadence: [{ on: 600, off: 0 }] } as const;
  await engine.addTrack(b.endpoint, 'music');
  await engine.playOnTrack(b.endpoint, 'music', { sound, loop: 1, gainDb: -10 });
  await b.phone.more(25);
  const audio = last(b.phone, 10);
  assert.ok(goertzel(audio, 400) > 0.45 && goertzel(audio, 1000) > 0.45);
  assert.ok(Math.abs(levelDb(audio) + 17) < 0.6, 'two tones of -20 dBm0 are one of -17');
  assert.deepEqual(await played, [b.endpoint, 'music', undefined]);
  await b.phone.more(70);
  assert.ok(goertzel(last(b.phone, 10), 400) > 0.98);
  isWhole(b.phone, 60, a.phone);
});

test('a track that is silenced or removed stops; at most eight, gains in bounds, no unknown endpoint', async () => {
  const { b } = await call();
  const sound = { kind: 'tone', frequencies: [1000], levelDb: -20, cadence: [{ on: 600, off: 0 }] } as const;
  for (let i = 0; i < 8; i++) await engine.playOnTrack(b.endpoint, `t${i}`, { sound, loop: 'forever', gainDb: 0 });
  await b.phone.more(20);
  assert.ok(goertzel(last(b.phone, 8), 1000) > 0.9, 'eight equal tones are louder than one');
  await assert.rejects(engine.addTrack(b.endpoint, 'ninth'), { code: 'media-studio-full' });
  await engine.addTrack(b.endpoint, 't0');
  for (let i = 0; i < 4; i++) await engine.silenceTrack(b.endpoint, `t${i}`);
  for (let i = 4; i < 8; i++) await engine.removeTrack(b.endpoint, `t${i}`);
  await b.phone.more(20);
  assert.ok(goertzel(last(b.phone, 8), 400) > 0.98);
  await assert.rejects(engine.setGain(b.endpoint, 41), { code: 'media-studio' });
  await assert.rejects(engine.setGain(b.endpoint, Number.NaN), { code: 'media-studio' });
  await assert.rejects(engine.setGain('nobody', 1), { code: 'media-unknown-endpoint' });
  await assert.rejects(engine.openTap(b.endpoint, 't', { source: 'said', rate: 44_100 as 8000, seconds: 1 }), {
    code: 'media-studio',
  });
});

/** Reads so many seconds of a tap from the moment it has sound. */
async function listen(phone: TestPhone, ring: SharedArrayBuffer, seconds: number): Promise<Int16Array[]> {
  const reader = new PcmRingReader(ring);
  const frames = reader.rate * seconds;
  // As the far end hears packets, time passes.
  await phone.until(() => reader.available >= frames + reader.rate * 0.2);
  const skipped = new Int16Array(reader.rate * 0.2 * reader.channels);
  reader.read(skipped);
  const samples = new Int16Array(frames * reader.channels);
  assert.equal(reader.read(samples), frames);
  if (reader.channels === 1) return [samples];
  return [0, 1].map((channel) => samples.filter((_, i) => i % 2 === channel));
}

test('taps hear what is said, what is heard, their sum and both apart, at every rate, and the relay knows nothing', async () => {
  const { a, b } = await call();
  talks.push(b.phone.talk(b.at, 700));
  const open = (tap: string, options: Pick<TapOptions, 'source' | 'rate'>) =>
    engine.openTap(a.endpoint, tap, { ...options, seconds: 2 });
  const rings = {
    said: await open('said', { source: 'said', rate: 16_000 }),
    heard: await open('heard', { source: 'heard', rate: 8000 }),
    mixed: await open('mixed', { source: 'mixed', rate: 64_000 }),
    both: await open('both', { source: 'both', rate: 24_000 }),
  };
  const [said] = await listen(b.phone, rings.said, 0.4);
  const [heard] = await listen(b.phone, rings.heard, 0.4);
  const [mixed] = await listen(b.phone, rings.mixed, 0.4);
  const [left, right] = await listen(b.phone, rings.both, 0.4);
  assert.ok(goertzel(said!, 400, 16_000) > 0.98);
  assert.ok(goertzel(heard!, 700) > 0.98);
  assert.ok(goertzel(mixed!, 400, 64_000) > 0.45 && goertzel(mixed!, 700, 64_000) > 0.45);
  assert.ok(goertzel(left!, 400, 24_000) > 0.98 && goertzel(right!, 700, 24_000) > 0.98);
  assert.ok(Math.abs(levelDb(said!) + 20) < 0.5);
  await relays(a.phone, 30);
  isWhole(a.phone, 0, b.phone);
  isWhole(b.phone, 0, a.phone);
  await engine.closeTap(a.endpoint, 'said');
  assert.ok(new PcmRingReader(rings.said).closed);
  await assert.rejects(open('both', { source: 'both', rate: 8000 }), { code: 'media-studio-name' });
  await engine.release(a.endpoint);
  assert.ok(new PcmRingReader(rings.both).closed, 'released endpoints close their rings');
});

test('a tap hears a play and the tracks too, as the far end does', async () => {
  const { phone, endpoint } = await leg();
  const ring = await engine.openTap(endpoint, 't', { source: 'heard', rate: 8000, seconds: 2 });
  const tone = (frequency: number) =>
    ({ kind: 'tone', frequencies: [frequency], levelDb: -20, cadence: [{ on: 1000, off: 0 }] }) as const;
  await engine.play(endpoint, 'p', { sound: tone(500), loop: 'forever' });
  await engine.playOnTrack(endpoint, 't', { sound: tone(900), loop: 'forever', gainDb: 0 });
  const [heard] = await listen(phone, ring, 0.4);
  assert.ok(goertzel(heard!, 500) > 0.45 && goertzel(heard!, 900) > 0.45);
  await engine.stopPlay(endpoint);
  await engine.removeTrack(endpoint, 't');
});

test('feeds are mixed in, or take the place of the other party while they have sound', async () => {
  const { a, b } = await call();
  const tone = new Int16Array(9600);
  const samples = toneSamples([1000], 600, -20);
  new Resampler(8000, 16_000, 4800).process(samples, 4800, tone);
  for (const mode of ['mix', 'replace'] as const) {
    const ring = await engine.openFeed(b.endpoint, mode, { rate: 16_000, seconds: 1, mode });
    const writer = new PcmRingWriter(ring);
    writer.write(tone);
    const from = b.phone.heard.length;
    await b.phone.until(() => b.phone.heard.length >= from + 20 && goertzel(last(b.phone, 8), 1000) > 0.3);
    await b.phone.more(5);
    const audio = last(b.phone, 8);
    if (mode === 'mix') assert.ok(goertzel(audio, 400) > 0.4 && goertzel(audio, 1000) > 0.4);
    else assert.ok(goertzel(audio, 1000) > 0.98);
    // With nothing more in the feed the other party is heard again.
    await b.phone.more(40);
    assert.ok(goertzel(last(b.phone, 8), 400) > 0.98);
    await engine.closeFeed(b.endpoint, mode);
    await b.phone.more(60);
  }
  isWhole(b.phone, 60, a.phone);
});

test('held keys are told and not passed, others pass, on both paths', async () => {
  const { a, b } = await call();
  const told: string[] = [];
  engine.events.on('digit', (endpoint, digit) => {
    if (endpoint === a.endpoint) told.push(digit);
  });
  const press = async (event: number): Promise<void> => {
    const keys = b.phone.heard.filter((packet) => packet.payloadType === 101).length;
    const { timestamp } = a.phone;
    for (const duration of [160, 320, 480, 480, 480]) {
      const at = a.phone.timestamp;
      a.phone.timestamp = timestamp;
      const sent = a.phone.send(
        a.at,
        101,
        Uint8Array.of(event, duration === 480 ? 0x8a : 10, duration >> 8, duration & 255),
      );
      a.phone.timestamp = at;
      await sent;
    }
    await b.phone.more(10);
    const passed = b.phone.heard.filter((packet) => packet.payloadType === 101).slice(keys);
    assert.ok(passed.every((packet) => packet.payload[0] === event && packet.timestamp === passed[0]!.timestamp));
    counts.push(passed.length);
  };
  const counts: number[] = [];
  await press(1);
  await engine.holdDigits(a.endpoint, true);
  await b.phone.more(5);
  await press(2);
  await engine.setGain(b.endpoint, 3);
  await b.phone.more(20);
  await press(3);
  await engine.holdDigits(a.endpoint, false);
  await b.phone.more(5);
  await press(4);
  assert.deepEqual(counts, [5, 0, 0, 5]);
  assert.deepEqual(told, ['1', '2', '3', '4']);
  for (let i = 1; i < b.phone.heard.length; i++)
    assert.equal((b.phone.heard[i]!.sequence - b.phone.heard[i - 1]!.sequence) & 0xffff, 1);
});

test('µ-law and A-law are mixed alike', async () => {
  const a = await leg();
  const b = await leg([PCMA]);
  await engine.bridge(a.endpoint, b.endpoint);
  talks.push(a.phone.talk(a.at, 400));
  await engine.setGain(b.endpoint, 6);
  await b.phone.more(25);
  assert.ok(Math.abs(levelDb(b.phone.audio('PCMA').subarray(-1600)) + 14) < 0.6);
});

/** Packets of 20 ms with the keys as tones. */
function tonesOf(digits: string): Uint8Array[] {
  const bytes = encodeG711('PCMU', digitSamples(digits, 100));
  return Array.from({ length: bytes.length / 160 }, (_, i) => bytes.subarray(i * 160, i * 160 + 160));
}

test('keys pressed as tones are told, one by one, and kept from the other party while held', async () => {
  const a = await leg([PCMU]);
  const b = await leg([PCMU]);
  await engine.bridge(a.endpoint, b.endpoint);
  const told: string[] = [];
  engine.events.on('digit', (endpoint, digit) => told.push(`${endpoint} ${digit}`));
  await engine.hearTones(a.endpoint, true);
  talks.push(a.phone.talk(a.at, 400, { say: tonesOf('1D*') }));
  await b.phone.until(() => told.length === 3);
  assert.deepEqual(
    told,
    ['1', 'D', '*'].map((digit) => `${a.endpoint} ${digit}`),
  );
  assert.ok(b.phone.heard.some((packet) => goertzel(decodeG711('PCMU', packet.payload), 1633) > 0.3));
  await engine.holdDigits(a.endpoint, true);
  await b.phone.more(20);
  const from = b.phone.heard.length;
  await b.phone.until(() => told.length >= 7);
  const passed = b.phone.heard.slice(from).filter((packet) => levelDb(decodeG711('PCMU', packet.payload)) > -25);
  assert.ok(passed.length < 12, `${passed.length} packets of four keys of 100 ms were passed`);
});

test('who answered is heard on what the far end says, and the relay goes on', async () => {
  const { a, b } = await call();
  const found = new Promise<Detection>((resolve) => {
    engine.studioEvents.on('detected', (endpoint, detection) => {
      if (endpoint === b.endpoint && detection.event === 'tone') resolve(detection);
    });
  });
  await engine.detectAnswer(b.endpoint, {});
  // Half a second of a mailbox's beep, then nothing.
  const beep = encodeG711('PCMU', toneSamples([1000], 500, -15));
  const silence = new Uint8Array(160).fill(0xff);
  const say = Array.from({ length: 500 }, (_, i) =>
    i < 75 && i >= 50 ? beep.subarray((i - 50) * 160, (i - 49) * 160) : silence,
  );
  talks.push(b.phone.talk(b.at, 0, { say }));
  const { frequencies, durationMs } = await found;
  assert.ok(Math.abs(frequencies![0]! - 1000) < 30 && Math.abs(durationMs! - 500) < 60);
  await engine.stopDetecting(b.endpoint);
  isWhole(b.phone, 0, a.phone);
});

test('whatever a far end sends into the studio, it and the others go on', async () => {
  const { a, b } = await call();
  await engine.setGain(b.endpoint, 3);
  await engine.setGain(a.endpoint, 3);
  await engine.hearTones(b.endpoint, true);
  const ring = await engine.openTap(b.endpoint, 't', { source: 'both', rate: 48_000, seconds: 0.5 });
  const random = new SeededRandom(5);
  await b.phone.more(10);
  for (let i = 0; i < 600; i++) {
    const wild = i % 6;
    if (wild === 0) b.phone.sequence = random.integer(65_536);
    if (wild === 1) b.phone.timestamp = random.integer(0xffffffff);
    if (wild === 2) b.phone.ssrc = random.integer(0xffffffff) + 1;
    const payload = Uint8Array.from({ length: random.integer(1400) }, () => random.integer(256));
    await b.phone.send(b.at, random.integer(3) === 0 ? 101 : 0, payload);
  }
  const { packetsReceived } = await engine.quality(b.endpoint);
  assert.ok(packetsReceived > 100, `${packetsReceived} came in`);
  // Then it speaks as it should, and is understood.
  talks.push(b.phone.talk(b.at, 700));
  await a.phone.until(() => a.phone.heard.length > 30 && goertzel(last(a.phone, 10), 700) > 0.95);
  assert.ok(goertzel(last(b.phone, 10), 400) > 0.98, 'the other direction is whole');
  assert.equal(new PcmRingReader(ring).closed, false);
});

test('five and twenty percent of lost packets leave no hole longer than 60 ms', async () => {
  for (const percent of [5, 20]) {
    const a = await leg();
    const b = await leg();
    await engine.bridge(a.endpoint, b.endpoint);
    const random = new SeededRandom(percent);
    talks.push(a.phone.talk(a.at, 400, { lose: () => random.integer(100) < percent }));
    await engine.setGain(b.endpoint, 1);
    await b.phone.more(150);
    let hole = 0;
    let longest = 0;
    for (const { payload } of b.phone.heard.slice(10)) {
      hole = levelDb(decodeG711('PCMU', payload)) < -35 ? hole + 1 : 0;
      longest = Math.max(longest, hole);
    }
    assert.ok(longest <= 3, `${longest} frames of silence at ${percent} %`);
  }
});

test('a worker that dies closes the rings of its endpoints', async () => {
  const own = await testEngine();
  try {
    await own.open({ session: 's', endpoint: 'x' });
    const tap = new PcmRingReader(await own.openTap('x', 't', { source: 'said', rate: 8000, seconds: 1 }));
    const feed = new PcmRingWriter(await own.openFeed('x', 'f', { rate: 8000, seconds: 1, mode: 'mix' }));
    const lost = new Promise((resolve) => own.events.on('lost', resolve));
    own.crashWorker('x');
    await lost;
    assert.ok(tap.closed && feed.closed, 'closed');
    await assert.rejects(own.setGain('x', 1), { code: 'media-unknown-endpoint' });
  } finally {
    await own.close();
  }
});

test('a track is heard while the other party is muted, and the other party is not', async () => {
  const { a, b } = await call();
  await engine.mute(a.endpoint, true);
  const sound = { kind: 'tone', frequencies: [1000], levelDb: -10, cadence: [{ on: 600, off: 0 }] } as const;
  await engine.playOnTrack(b.endpoint, 'whisper', { sound, loop: 'forever', gainDb: 0 });
  await b.phone.until(() => b.phone.heard.length > 25 && goertzel(last(b.phone, 10), 1000) > 0.99);
  await engine.mute(a.endpoint, false);
  await b.phone.until(() => goertzel(last(b.phone, 10), 400) > 0.05);
  await engine.removeTrack(b.endpoint, 'whisper');
  await b.phone.until(() => goertzel(last(b.phone, 10), 400) > 0.98);
});
