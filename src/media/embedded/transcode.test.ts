/** Calls between far ends that share no codec, on real sockets: what one says in its codec the other hears in its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Payload } from '../../ports/index.ts';
import { createCodec } from '../codec/audio-codec.ts';
import { hasOpus } from '../codec/opus.ts';
import { DigitReceiver } from '../dtmf/receiver.ts';
import { readWav } from '../files/wav.ts';
import { EVENTS, PCMA, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { goertzel, levelDb } from '../tone/goertzel.ts';

const G722: Payload = { receive: 9, send: 9, codec: 'G722', clockRate: 8000, channels: 1 };
const OPUS: Payload = { receive: 111, send: 96, codec: 'OPUS', clockRate: 48_000, channels: 2, fmtp: 'useinbandfec=1' };
const EVENTS_48: Payload = { ...EVENTS, receive: 110, send: 97, clockRate: 48_000 };

const folder = mkdtempSync(join(tmpdir(), 'graine-transcode-'));
const engine = await testEngine();
const phones: TestPhone[] = [];
const talks: (() => void)[] = [];
let number = 0;
after(async () => {
  for (const stop of talks) stop();
  for (const each of phones) each.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function leg(payloads: readonly Payload[]) {
  const phone = await TestPhone.open();
  phones.push(phone);
  const endpoint = `e${++number}`;
  const at = await engine.open({ session: 's', endpoint });
  await engine.configure(endpoint, phone.settings(payloads));
  return { phone, endpoint, at, payload: payloads[0]! };
}
type Leg = Awaited<ReturnType<typeof leg>>;

/** A second of a tone of -20 dBm0, encoded. Opus needs its own state, so its second is one of a longer run. */
function spoken(payload: Payload, frequency: number): Uint8Array[] {
  const codec = createCodec(payload)!;
  const amplitude = 32768 * 10 ** ((-20 - 3.14) / 20);
  const packets = Array.from({ length: 100 }, (_, i) => {
    const samples = Int16Array.from({ length: codec.frame }, (_sample, n) =>
      Math.round(amplitude * Math.sin((2 * Math.PI * frequency * (i * codec.frame + n)) / codec.rate)),
    );
    const into = new Uint8Array(1500);
    return into.slice(0, codec.encode(samples, into, 0));
  });
  codec.close();
  return packets.slice(50);
}

function talk({ phone, at, payload }: Leg, frequency: number): void {
  const say = spoken(payload, frequency);
  talks.push(phone.talk(at, 0, { say, type: payload.receive, step: payload.clockRate / 50 }));
}

/** The last packets that came, decoded, the first of them left out. */
function heard({ phone, payload }: Leg, packets: number): { samples: Int16Array; rate: number } {
  const codec = createCodec(payload)!;
  const frames = phone.heard.filter((each) => each.payloadType === payload.send).slice(-packets - 10);
  const samples = frames.map(({ payload: bytes }) => {
    const into = new Int16Array(5760);
    return into.slice(0, codec.decode(bytes, 0, bytes.length, into));
  });
  codec.close();
  return { samples: Int16Array.from(samples.slice(10).flatMap((each) => [...each])), rate: codec.rate };
}

/** Both say a tone; each hears the other's. */
async function conversation(a: Leg, b: Leg, [toneOfA, toneOfB]: readonly [number, number], purity: number) {
  assert.deepEqual(await engine.bridge(a.endpoint, b.endpoint), { path: 'studio' });
  talk(a, toneOfA);
  talk(b, toneOfB);
  await a.phone.more(60);
  await b.phone.until(() => b.phone.heard.length >= 60);
  for (const [ear, tone] of [
    [a, toneOfB],
    [b, toneOfA],
  ] as const) {
    const { samples, rate } = heard(ear, 30);
    assert.ok(goertzel(samples, tone, rate) > purity, `${goertzel(samples, tone, rate)} of ${tone} Hz`);
    assert.ok(Math.abs(levelDb(samples) + 20) < 1.5, `${levelDb(samples)} dBm0`);
    const step = ear.payload.clockRate / 50;
    for (let i = 1; i < ear.phone.heard.length; i++) {
      const [before, now] = [ear.phone.heard[i - 1]!, ear.phone.heard[i]!];
      assert.equal((now.sequence - before.sequence) & 0xffff, 1);
      // A marker after the first: this machine stood still.
      if (!now.marker) assert.equal((now.timestamp - before.timestamp) >>> 0, step);
    }
  }
}

test('G.722 and G.711 understand each other', async () => {
  await conversation(await leg([G722, EVENTS]), await leg([PCMU, EVENTS]), [500, 800], 0.98);
});

const opus = { skip: !hasOpus() && 'libopus-wasm is not installed' };

test('Opus and G.711 understand each other', opus, async () => {
  await conversation(await leg([OPUS]), await leg([PCMA]), [500, 800], 0.75);
});

test('between Opus and G.722 the wide band is kept', opus, async () => {
  const ends = [await leg([OPUS]), await leg([G722])] as const;
  await conversation(...ends, [5000, 6000], 0.75);
  const [a, b] = await Promise.all(ends.map(({ endpoint }) => engine.quality(endpoint)));
  assert.ok(a !== undefined && a.mos !== undefined && a.mos > 2 && a.mos <= 4.5, `${a?.mos}`);
  assert.equal(a.mosInputs?.scale, 'fullband');
  assert.ok(a.mosInputs.kbits! > 10 && a.mosInputs.kbits! < 60, `${a.mosInputs.kbits} kbit/s`);
  assert.deepEqual([b?.mosInputs?.scale, b?.mosInputs?.ie], ['wideband', 13]);
});

test('what both speak is relayed, though it is not first everywhere', async () => {
  const a = await leg([G722, PCMU]);
  const b = await leg([PCMU]);
  await engine.bridge(a.endpoint, b.endpoint);
  talks.push(a.phone.talk(a.at, 500));
  await b.phone.more(40);
  const { packetsRelayed } = await engine.stats();
  while ((await engine.stats()).packetsRelayed < packetsRelayed + 15) await b.phone.more(1);
  assert.ok(goertzel(heard(b, 10).samples, 500) > 0.98, 'the tone');
});

test('keys keep their length from a clock of 48000 to one of 8000 and back', opus, async () => {
  const a = await leg([OPUS, EVENTS_48]);
  const b = await leg([PCMU, EVENTS]);
  await engine.bridge(a.endpoint, b.endpoint);
  talk(a, 500);
  talk(b, 500);
  await b.phone.more(20);
  const told: string[] = [];
  engine.events.on('digit', (endpoint, digit, ms) => told.push(`${endpoint} ${digit} ${ms}`));
  const press = async (from: Leg, type: number, perMs: number): Promise<void> => {
    for (const [ms, end] of [
      [40, 0],
      [80, 0],
      [100, 0x80],
    ] as const)
      await from.phone.send(from.at, type, Uint8Array.of(5, end | 10, (ms * perMs) >> 8, (ms * perMs) & 255));
  };
  await press(a, 110, 48);
  await press(b, 101, 8);
  const ends = (ear: Leg, type: number): string[] => {
    const found: string[] = [];
    const receiver = new DigitReceiver((digit, ms) => found.push(`${digit} ${ms}`));
    receiver.rate = type === 97 ? 48_000 : 8000;
    for (const { payloadType, payload, timestamp } of ear.phone.heard)
      if (payloadType === type) receiver.packet(payload, 0, payload.length, timestamp, 0);
    return found;
  };
  await b.phone.until(() => ends(b, 101).length > 0);
  await a.phone.until(() => ends(a, 97).length > 0);
  await b.phone.until(() => told.length === 2);
  assert.deepEqual(ends(b, 101), ['5 100']);
  assert.deepEqual(ends(a, 97), ['5 100']);
  assert.deepEqual(told, [`${a.endpoint} 5 100`, `${b.endpoint} 5 100`]);
  await engine.sendDigits(a.endpoint, '7', 120);
  await a.phone.until(() => ends(a, 97).length > 1);
  assert.deepEqual(ends(a, 97)[1], '7 120');
});

test('sounds are played, and keys sent as tones, in whatever the far end speaks', opus, async () => {
  for (const payload of [G722, OPUS]) {
    const ear = await leg([payload]);
    const sound = { kind: 'tone', frequencies: [440], levelDb: -15, cadence: [{ on: 500, off: 0 }] } as const;
    await engine.play(ear.endpoint, 'p', { sound, loop: 'forever' });
    await ear.phone.more(30);
    const played = heard(ear, 15);
    assert.ok(goertzel(played.samples, 440, played.rate) > 0.88, `${goertzel(played.samples, 440, played.rate)}`);
    assert.ok(Math.abs(levelDb(played.samples) + 15) < 1.5, `${levelDb(played.samples)} dBm0`);
    await engine.stopPlay(ear.endpoint);
    const before = ear.phone.heard.length;
    await engine.sendDigits(ear.endpoint, '5', 800);
    await ear.phone.until(() => ear.phone.heard.length >= before + 42);
    const keys = heard(ear, 20);
    const shares = [770, 1336].map((tone) => goertzel(keys.samples, tone, keys.rate));
    // Opus is made for voices and colours them.
    assert.ok(Math.min(...shares) > 0.3, `${payload.codec}: ${shares.join(' ')}`);
    assert.ok(Math.abs(levelDb(keys.samples) + 7) < 2, `${levelDb(keys.samples)} dBm0`);
  }
});

test('a recording holds any codec, and what was said while it paused is silence or is not there', opus, async () => {
  const a = await leg([OPUS]);
  const b = await leg([PCMU]);
  await engine.bridge(a.endpoint, b.endpoint);
  talk(a, 500);
  talk(b, 800);
  await b.phone.more(30);
  const record = async (name: string, pause: boolean | undefined): Promise<readonly Int16Array[]> => {
    const path = join(folder, name);
    await engine.startRecording('s', { path, left: a.endpoint, right: b.endpoint, maxSeconds: 60 });
    await b.phone.more(40);
    if (pause !== undefined) {
      await engine.pauseRecording('s', pause);
      await b.phone.more(50);
      await engine.resumeRecording('s');
      await b.phone.more(40);
    }
    await engine.stopRecording('s');
    return readWav(readFileSync(path)).channels;
  };
  const silent = (samples: Int16Array): number =>
    Array.from({ length: Math.floor(samples.length / 800) }, (_, i) => samples.subarray(i * 800, i * 800 + 800)).filter(
      (part) => levelDb(part) < -60,
    ).length;
  const [left, right] = await record('plain.wav', undefined);
  const pure = [goertzel(left!.subarray(1600, 4800), 500), goertzel(right!.subarray(1600, 4800), 800)];
  assert.ok(Math.min(...pure) > 0.7, pure.join(' '));
  const [paused] = await record('silence.wav', true);
  assert.ok(silent(paused!) >= 8, `${silent(paused!)} tenths of a second are silent`);
  const [cut] = await record('cut.wav', false);
  assert.ok(silent(cut!) <= 3, `${silent(cut!)} tenths of a second are silent`);
  assert.ok(cut!.length < paused!.length - 4000, `${cut!.length} of ${paused!.length}`);
});
