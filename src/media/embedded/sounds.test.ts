/** What the engine makes itself: tones, files, keys; and the change between that and a bridge. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createCodec } from '../codec/audio-codec.ts';
import { EVENTS, PCMA, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { DigitReceiver } from '../dtmf/receiver.ts';
import { writeWav } from '../files/wav.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';

const folder = mkdtempSync(join(tmpdir(), 'graine-media-'));
const engine = await testEngine();
const phones: TestPhone[] = [];
let number = 0;
after(async () => {
  for (const each of phones) each.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function leg(payloads = [PCMU, EVENTS]) {
  const phone = await TestPhone.open();
  phones.push(phone);
  const endpoint = `e${++number}`;
  const at = await engine.open({ session: 's', endpoint });
  await engine.configure(endpoint, phone.settings(payloads));
  return { phone, endpoint, at };
}

function played(play: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const off = engine.events.on('played', (_, name, error) => {
      if (name !== play) return;
      off();
      resolve(error);
    });
  });
}

/** No packet missing, none out of place: each one frame behind the one before. */
function isContinuous(phone: TestPhone): void {
  for (let i = 1; i < phone.heard.length; i++) {
    const [before, now] = [phone.heard[i - 1]!, phone.heard[i]!];
    assert.equal((now.sequence - before.sequence) & 0xffff, 1, `packet ${i}`);
    if (!now.marker) assert.equal((now.timestamp - before.timestamp) >>> 0, 160, `packet ${i}`);
  }
}

test('a ringback is heard with the frequencies of its country, a packet every 20 ms of its timeline', async () => {
  const { phone, endpoint } = await leg();
  await engine.play(endpoint, 'p', { sound: { kind: 'ringback', country: 'GB' }, loop: 'forever' });
  await phone.until(() => phone.heard.length >= 15);
  await engine.stopPlay(endpoint);
  const audio = phone.audio().subarray(0, 2400);
  assert.ok(goertzel(audio, 400) > 0.45 && goertzel(audio, 450) > 0.45);
  assert.equal(phone.heard[0]!.marker, true);
  isContinuous(phone);
});

test('a cadence is on and off as the table says', async () => {
  const { phone, endpoint } = await leg([PCMA]);
  const sound = { kind: 'tone', frequencies: [425], levelDb: -10, cadence: [{ on: 100, off: 60 }] } as const;
  const over = played('c');
  await engine.play(endpoint, 'c', { sound, loop: 2 });
  assert.equal(await over, undefined);
  await phone.until(() => phone.heard.length === 16);
  const audio = phone.audio('PCMA');
  const levels = Array.from({ length: 16 }, (_, i) => levelDb(audio.subarray(i * 160, i * 160 + 160)) > -30);
  assert.deepEqual(levels, [
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('a limit ends a play that would go on for ever', async () => {
  const { phone, endpoint } = await leg();
  const over = played('l');
  await engine.play(endpoint, 'l', { sound: { kind: 'silence' }, loop: 'forever', limitMs: 200 });
  assert.equal(await over, undefined);
  await phone.until(() => phone.heard.length === 10);
  assert.ok(phone.heard.every((packet) => packet.payload.every((byte) => byte === 0xff)));
});

test('a WAV is played, as often as asked, its end running into its beginning without a gap', async () => {
  const path = join(folder, 'odd.wav');
  // 65 ms: no whole number of packets. 400 Hz has whole periods in it, so that a seamless loop is one clean tone.
  writeFileSync(path, writeWav({ rate: 8000, channels: [toneSamples([400], 65)] }));
  const { phone, endpoint } = await leg();
  const over = played('w');
  await engine.play(endpoint, 'w', { sound: { kind: 'file', path }, loop: 4 });
  assert.equal(await over, undefined);
  await phone.until(() => phone.heard.length === 13);
  assert.ok(goertzel(phone.audio().subarray(0, 2080), 400) > 0.98);
  isContinuous(phone);
});

test('a 48 kHz stereo WAV is played as 8 kHz', async () => {
  const path = join(folder, 'wide.wav');
  const wide = Int16Array.from({ length: 9600 }, (_, i) =>
    Math.round(9000 * Math.sin((2 * Math.PI * 600 * i) / 48_000)),
  );
  writeFileSync(path, writeWav({ rate: 48_000, channels: [wide, wide] }));
  const { phone, endpoint } = await leg();
  await engine.play(endpoint, 'x', { sound: { kind: 'file', path }, loop: 1 });
  await phone.until(() => phone.heard.length === 10);
  assert.ok(goertzel(phone.audio(), 600) > 0.97);
});

test('what cannot be played says so once and hurts nothing', async () => {
  const { endpoint } = await leg();
  const bad = join(folder, 'bad.wav');
  writeFileSync(bad, 'RIFF____WAVE and then nothing of use');
  for (const [path, reason] of [
    [bad, /no fmt chunk/],
    [join(folder, 'none.wav'), /ENOENT/],
    [folder, /not a plain file/],
  ] as const) {
    const over = played(path);
    await engine.play(endpoint, path, { sound: { kind: 'file', path }, loop: 1 });
    assert.match((await over) ?? '', reason);
  }
  const over = played('t');
  await engine.play(endpoint, 't', { sound: { kind: 'tone', frequencies: [], levelDb: 0, cadence: [] }, loop: 1 });
  assert.match((await over) ?? '', /frequencies/);
});

test('without G.711 there is nothing to play a tone in', async () => {
  const { endpoint } = await leg([{ receive: 18, send: 18, codec: 'G729', clockRate: 8000, channels: 1 }]);
  const over = played('g');
  await engine.play(endpoint, 'g', { sound: { kind: 'busy', country: 'DE' }, loop: 1 });
  assert.match((await over) ?? '', /G\.711/);
});

test('a file still on its way from the disk does not replace what was asked for after it', async () => {
  const path = join(folder, 'odd.wav');
  const { phone, endpoint } = await leg();
  const first = engine.play(endpoint, 'slow', { sound: { kind: 'file', path }, loop: 'forever' });
  const sound = { kind: 'tone', frequencies: [1000], levelDb: -10, cadence: [{ on: 100, off: 0 }] } as const;
  await engine.play(endpoint, 'fast', { sound, loop: 'forever' });
  await first;
  await phone.until(() => phone.heard.length === 10);
  assert.ok(goertzel(phone.audio(), 1000) > 0.95);
  await engine.stopPlay(endpoint);
});

test('from ringback to the bridge: the bridged far end waits its turn, then goes on the same timeline', async () => {
  const a = await leg();
  const b = await leg();
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.play(a.endpoint, 'r', { sound: { kind: 'ringback', country: 'FR' }, loop: 'forever' });
  await a.phone.until(() => a.phone.heard.length === 5);
  await b.phone.tone(b.at, 1500, 5);
  await engine.stopPlay(a.endpoint);
  await engine.stats();
  const before = a.phone.heard.length;
  await b.phone.tone(b.at, 1500, 10);
  await a.phone.until(() => a.phone.heard.length >= before + 10);
  const relayed = a.phone.heard.filter((packet) => packet.marker);
  assert.equal(relayed.length, 2);
  isContinuous(a.phone);
  assert.ok(a.phone.heard.every((packet) => packet.ssrc === a.at.ssrc));
  assert.ok(goertzel(a.phone.audio().subarray(-1600), 1500) > 0.95);
});

test('digits go out as events with the negotiated number, in-band where none was', async () => {
  const event = await leg([PCMU, { ...EVENTS, send: 99 }]);
  const told: string[] = [];
  const keys = new DigitReceiver((digit, ms) => told.push(`${digit} ${ms}`));
  await engine.sendDigits(event.endpoint, '4*', 100);
  await event.phone.until(() => {
    const events = event.phone.heard.filter((packet) => packet.payloadType === 99);
    return events.length >= 14;
  });
  for (const packet of event.phone.heard) keys.packet(packet.payload, 0, packet.payload.length, packet.timestamp, 0);
  assert.deepEqual(told, ['4 100', '* 100']);
  const inBand = await leg([PCMU]);
  await engine.sendDigits(inBand.endpoint, '4', 100);
  await inBand.phone.until(() => inBand.phone.heard.length === 8);
  const audio = inBand.phone.audio().subarray(0, 800);
  assert.ok(goertzel(audio, 770) > 0.4 && goertzel(audio, 1209) > 0.4);
  await assert.rejects(engine.sendDigits(event.endpoint, '1x', 100), { code: 'media-digits' });
});

test('keys of a far end reach a bridged one without events as sound', async () => {
  const a = await leg();
  const b = await leg([PCMU]);
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.stats();
  for (let i = 0; i < 3; i++) await a.phone.send(a.at, 101, Uint8Array.of(8, 0x8a, 800 >> 8, 800 & 255));
  await b.phone.until(() => b.phone.heard.length === 8);
  const audio = b.phone.audio().subarray(0, 800);
  assert.ok(goertzel(audio, 852) > 0.4 && goertzel(audio, 1336) > 0.4);
});

test('a muted far end is not heard, nor are its keys; unmuted it goes on without a gap in the numbers', async () => {
  const a = await leg();
  const b = await leg();
  const digits: string[] = [];
  engine.events.on('digit', (_, digit) => digits.push(digit));
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.stats();
  await a.phone.tone(a.at, 440, 5);
  await b.phone.until(() => b.phone.heard.length === 5);
  await engine.mute(a.endpoint, true);
  await engine.stats();
  await a.phone.tone(a.at, 440, 5);
  await a.phone.send(a.at, 101, Uint8Array.of(8, 0x8a, 3, 32));
  assert.equal((await engine.quality(a.endpoint)).packetsReceived, 11);
  await engine.mute(a.endpoint, false);
  await engine.stats();
  await a.phone.tone(a.at, 440, 5);
  await b.phone.until(() => b.phone.heard.length === 10);
  assert.deepEqual(digits, []);
  isContinuous(b.phone);
});

test('direction is honoured both ways: what we may not receive goes nowhere, what we may not send is not sent', async () => {
  const a = await leg();
  const b = await leg();
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.configure(a.endpoint, a.phone.settings([PCMU], { direction: 'sendonly' }));
  await engine.stats();
  await a.phone.tone(a.at, 440, 3);
  await b.phone.tone(b.at, 1000, 3);
  await a.phone.until(() => a.phone.heard.length === 3);
  assert.equal(b.phone.heard.length, 0);
  await engine.configure(a.endpoint, a.phone.settings([PCMU], { direction: 'recvonly' }));
  await engine.stats();
  await b.phone.tone(b.at, 1000, 3);
  await a.phone.tone(a.at, 440, 3);
  await b.phone.until(() => b.phone.heard.length === 3);
  assert.equal(a.phone.heard.length, 3);
});

test('a file is heard as wide as the far end’s codec carries: 5 kHz through G.722', async () => {
  const path = join(folder, 'bright.wav');
  const bright = Int16Array.from({ length: 48_000 / 4 }, (_, i) =>
    Math.round(9000 * Math.sin((2 * Math.PI * 5000 * i) / 48_000)),
  );
  writeFileSync(path, writeWav({ rate: 48_000, channels: [bright] }));
  const wide = { receive: 9, send: 9, codec: 'G722', clockRate: 8000, channels: 1 };
  const { phone, endpoint } = await leg([wide]);
  const over = new Promise<unknown[]>((resolve) => engine.events.once('played', (...all) => resolve(all)));
  await engine.play(endpoint, 'w', { sound: { kind: 'file', path }, loop: 1, from: 400 });
  await phone.until(() => phone.heard.length >= 10);
  const codec = createCodec({ codec: 'G722' })!;
  const heard: number[] = [];
  const frame = new Int16Array(320);
  for (const { payload } of phone.heard.slice(0, 10)) {
    const count = codec.decode(payload, 0, payload.length, frame);
    heard.push(...frame.subarray(0, count));
  }
  const middle = Int16Array.from(heard.slice(800, 2800));
  assert.ok(goertzel(middle, 5000, 16_000) > 0.9, String(goertzel(middle, 5000, 16_000)));
  // Told in samples of 8 kHz whatever the rate: 250 ms of file, from 50 ms on.
  assert.deepEqual(await over, [endpoint, 'w', undefined, { samples: 1600, position: 2000 }]);
});
