/** Comfort noise on real sockets, RFC 3389: what we send in silence of our own, and what is heard of a far end's. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Payload } from '../../ports/index.ts';
import { noiseLevel } from '../codec/comfort-noise.ts';
import { decodeG711 } from '../codec/g711.ts';
import { EVENTS, PCMU, TestPhone, testEngine } from '../fixture.ts';

const CN: Payload = { receive: 13, send: 13, codec: 'CN', clockRate: 8000, channels: 1 };
const engine = await testEngine();
const phones: TestPhone[] = [];
const talks: (() => void)[] = [];
let number = 0;
after(async () => {
  for (const stop of talks) stop();
  for (const each of phones) each.close();
  await engine.close();
});

async function leg(payloads: readonly Payload[]) {
  const phone = await TestPhone.open();
  phones.push(phone);
  const endpoint = `e${++number}`;
  const at = await engine.open({ session: 's', endpoint });
  await engine.configure(endpoint, phone.settings(payloads));
  return { phone, endpoint, at };
}

const noises = (phone: TestPhone) => phone.heard.filter(({ payloadType }) => payloadType === 13);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const tone = { kind: 'tone', frequencies: [440], levelDb: -10, cadence: [{ on: 200, off: 0 }] } as const;

test('a far end to which nobody speaks hears the noise of a line, a packet now and then', async () => {
  const { phone } = await leg([PCMU, CN, EVENTS]);
  await wait(2600);
  assert.ok(noises(phone).length >= 1 && noises(phone).length <= 3, `${noises(phone).length}`);
  assert.equal(noises(phone).length, phone.heard.length);
  for (const { payload } of phone.heard) assert.deepEqual([...payload], [65]);
});

test('one that did not ask for it is sent nothing', async () => {
  const { phone } = await leg([PCMU, EVENTS]);
  await wait(600);
  assert.equal(phone.heard.length, 0);
});

test('noise gives way to a sound and comes back after it, on one timeline', async () => {
  const { phone, endpoint } = await leg([PCMU, CN]);
  await phone.more(1);
  await engine.play(endpoint, 'p', { sound: tone, loop: 1 });
  await phone.until(() => noises(phone).length === 2);
  const types = phone.heard.map(({ payloadType }) => payloadType);
  assert.deepEqual(types, [13, ...Array<number>(10).fill(0), 13]);
  assert.equal(phone.heard[1]!.marker, true);
  for (let i = 1; i < phone.heard.length; i++) {
    const [before, now] = [phone.heard[i - 1]!, phone.heard[i]!];
    assert.equal((now.sequence - before.sequence) & 0xffff, 1);
    assert.ok(((now.timestamp - before.timestamp) | 0) >= 160, `packet ${i}`);
  }
});

test('in the studio silence is noise too: packets a second instead of fifty, until the other party speaks', async () => {
  const a = await leg([PCMU, CN]);
  const b = await leg([PCMU]);
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.setGain(a.endpoint, 3);
  const stop = b.phone.talk(b.at, 400);
  await a.phone.until(() => a.phone.heard.filter(({ payloadType }) => payloadType === 0).length > 20);
  stop();
  await a.phone.until(() => noises(a.phone).length > 0);
  const before = a.phone.heard.length;
  await wait(1000);
  assert.ok(a.phone.heard.length - before <= 1, `${a.phone.heard.length - before} packets in a second of silence`);
  const at = a.phone.heard.length;
  talks.push(b.phone.talk(b.at, 400));
  await a.phone.until(() => a.phone.heard.length > at + 10);
  const first = a.phone.heard.slice(at).find(({ payloadType }) => payloadType === 0)!;
  assert.equal(first.marker, true);
});

test('noise of a far end is heard in the studio at the level it tells', async () => {
  const a = await leg([PCMU]);
  const b = await leg([PCMU, CN]);
  await engine.bridge(a.endpoint, b.endpoint);
  await engine.setGain(a.endpoint, 1);
  const stop = b.phone.talk(b.at, 400);
  await a.phone.more(20);
  stop();
  for (let i = 0; i < 3; i++) {
    await b.phone.send(b.at, 13, Uint8Array.of(40));
    b.phone.timestamp += 1600;
    await wait(200);
  }
  const heard = a.phone.heard.slice(-10).flatMap(({ payload }) => [...decodeG711('PCMU', payload)]);
  const level = noiseLevel(Int16Array.from(heard));
  assert.ok(level >= 37 && level <= 41, `-${level} dBov where -39 was due: 40, and 1 dB of gain`);
});
