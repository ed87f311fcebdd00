/** Packets of the length that a far end asked for, on real sockets: bridged, transcoded, played. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Payload } from '../../ports/index.ts';
import { createCodec } from '../codec/audio-codec.ts';
import { hasOpus } from '../codec/opus.ts';
import { PCMU, TestPhone, testEngine } from '../fixture.ts';
import { goertzel } from '../tone/goertzel.ts';

const G722: Payload = { receive: 9, send: 9, codec: 'G722', clockRate: 8000, channels: 1 };
const OPUS: Payload = { receive: 111, send: 111, codec: 'OPUS', clockRate: 48_000, channels: 2 };
const engine = await testEngine();
const phones: TestPhone[] = [];
const talks: (() => void)[] = [];
let number = 0;
after(async () => {
  for (const stop of talks) stop();
  for (const each of phones) each.close();
  await engine.close();
});

async function leg(payload: Payload, ptime: number) {
  const phone = await TestPhone.open();
  phones.push(phone);
  const endpoint = `e${++number}`;
  const at = await engine.open({ session: 's', endpoint });
  await engine.configure(endpoint, phone.settings([payload], { ptime }));
  return { phone, endpoint, at };
}

/** The decoded packets, without the first few; fails where one is not `ms` long, or not where the one before it ended. */
function heard(phone: TestPhone, payload: Payload, ms: number): Int16Array {
  const codec = createCodec(payload)!;
  const all: number[] = [];
  for (const [i, packet] of phone.heard.entries()) {
    const into = new Int16Array(5760);
    const count = codec.decode(packet.payload, 0, packet.payload.length, into);
    assert.equal((count * 1000) / codec.rate, ms, `packet ${i}`);
    const before = phone.heard[i - 1];
    // A marker after the first: this machine stood still.
    if (before !== undefined && !packet.marker)
      assert.equal((packet.timestamp - before.timestamp) >>> 0, (payload.clockRate * ms) / 1000, `packet ${i}`);
    if (i * ms >= 120) all.push(...into.subarray(0, count));
  }
  codec.close();
  return Int16Array.from(all);
}

for (const [payload, asked, sent] of [
  [PCMU, 10, 10],
  [PCMU, 30, 30],
  [PCMU, 60, 60],
  [G722, 40, 40],
  [OPUS, 10, 10],
  [OPUS, 30, 20],
  [OPUS, 60, 60],
] as const) {
  const skip = payload === OPUS && !hasOpus();
  test(`${payload.codec} to one who asks for ${asked} ms comes in packets of ${sent} ms, whole`, { skip }, async () => {
    const a = await leg(payload, asked);
    const b = await leg(PCMU, 20);
    await engine.bridge(a.endpoint, b.endpoint);
    // G.711 at both ends would be relayed: a boost needs the studio.
    await engine.setGain(a.endpoint, 1);
    await engine.stats();
    talks.push(b.phone.talk(b.at, 500));
    await a.phone.until(() => a.phone.heard.length * sent >= 900);
    const samples = heard(a.phone, payload, sent);
    const { rate } = createCodec(payload)!;
    assert.ok(goertzel(samples, 500, rate) > (payload === OPUS ? 0.7 : 0.97), String(goertzel(samples, 500, rate)));
  });
}

test('a sound is played in packets of that length too', async () => {
  const a = await leg(PCMU, 30);
  const tone = { kind: 'tone', frequencies: [700], levelDb: -10, cadence: [{ on: 920, off: 0 }] } as const;
  await engine.play(a.endpoint, 'p', { sound: tone, loop: 1 });
  // The end of it fills two thirds of a packet.
  await a.phone.until(() => a.phone.heard.length === 31);
  const samples = heard(a.phone, PCMU, 30);
  assert.ok(goertzel(samples.subarray(0, -80), 700) > 0.97);
  assert.ok(samples.subarray(-80).every((sample) => Math.abs(sample) < 10));
});

test('a far end that asks for another length in the middle of the call gets it', async () => {
  const a = await leg(PCMU, 20);
  const b = await leg(PCMU, 20);
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.setGain(a.endpoint, 1);
  talks.push(b.phone.talk(b.at, 500));
  await a.phone.until(() => a.phone.heard.some(({ payload }) => payload.length === 160));
  await engine.configure(a.endpoint, a.phone.settings([PCMU], { ptime: 40 }));
  await a.phone.until(() => a.phone.heard.slice(-5).every(({ payload }) => payload.length === 320));
});
