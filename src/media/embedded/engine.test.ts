import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EVENTS, PCMA, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { goertzel } from '../tone/goertzel.ts';

const open: { close(): unknown }[] = [];

async function call(options: Parameters<typeof testEngine>[0] = {}) {
  const engine = await testEngine(options);
  const a = await TestPhone.open();
  const b = await TestPhone.open();
  open.push(a, b, engine);
  const atA = await engine.open({ session: 's', endpoint: 'a' });
  const atB = await engine.open({ session: 's', endpoint: 'b' });
  return { engine, a, b, atA, atB };
}

after(async () => {
  for (const each of open.reverse()) await each.close();
});

for (const preferBatched of [false, 'epoll', true] as const) {
  const path = { false: 'dgram', epoll: 'epoll', true: 'io_uring' }[String(preferBatched) as 'epoll'];

  test(`${path}: two bridged phones hear each other's tone, and only that`, async () => {
    const { engine, a, b, atA, atB } = await call({ preferBatched });
    await engine.configure('a', a.settings());
    await engine.configure('b', b.settings());
    assert.deepEqual(await engine.bridge('a', 'b'), { path: 'relay' });
    await engine.stats();
    await Promise.all([a.tone(atA, 440, 50), b.tone(atB, 1000, 50)]);
    await Promise.all([a.until(() => a.heard.length === 50), b.until(() => b.heard.length === 50)]);
    assert.ok(goertzel(b.audio(), 440) > 0.95);
    assert.ok(goertzel(a.audio(), 1000) > 0.95);
    assert.ok(goertzel(a.audio(), 440) < 0.01);
    assert.ok(b.heard.every((packet) => packet.ssrc === atB.ssrc));
    assert.equal((await engine.quality('a')).packetsReceived, 50);
    const last = await engine.release('a');
    assert.equal(last?.packetsSent, 50);
    assert.equal(last.packetsLost, 0);
    assert.equal(await engine.release('a'), undefined);
    await engine.release('b');
    const stats = await engine.stats();
    assert.deepEqual([stats.endpoints, stats.portsInUse, stats.portsResting], [0, 0, 2]);
    assert.equal(stats.packetsRelayed, 100);
    await engine.close();
  });

  test(`${path}: payload types are mapped and keys cross with their own number`, async () => {
    const { engine, a, b, atA } = await call({ preferBatched });
    await engine.configure('a', a.settings([PCMU, { ...EVENTS, receive: 96, send: 97 }]));
    await engine.configure('b', b.settings([PCMU, { ...EVENTS, receive: 110, send: 111 }]));
    await engine.bridge('a', 'b');
    const digits: string[] = [];
    engine.events.on('digit', (endpoint, digit, ms) => digits.push(`${endpoint} ${digit} ${ms}`));
    await engine.stats();
    for (const duration of [160, 320, 480]) await a.send(atA, 96, Uint8Array.of(5, 10, duration >> 8, duration));
    for (let i = 0; i < 3; i++) await a.send(atA, 96, Uint8Array.of(5, 0x8a, 640 >> 8, 640 & 255));
    await b.until(() => b.heard.length === 6);
    assert.ok(b.heard.every((packet) => packet.payloadType === 111));
    await engine.stats();
    assert.deepEqual(digits, ['a 5 80']);
    await engine.close();
  });

  test(`${path}: PCMU and PCMA ends are bridged by transcoding`, async () => {
    const { engine, a, b, atA, atB } = await call({ preferBatched });
    await engine.configure('a', a.settings([PCMU]));
    await engine.configure('b', b.settings([PCMA]));
    assert.deepEqual(await engine.bridge('a', 'b'), { path: 'studio' });
    await engine.stats();
    await a.tone(atA, 440, 25);
    await b.tone(atB, 1000, 25, 'PCMA');
    await Promise.all([a.until(() => a.heard.length === 25), b.until(() => b.heard.length === 25)]);
    assert.ok(goertzel(b.audio('PCMA'), 440) > 0.95);
    assert.ok(goertzel(a.audio('PCMU'), 1000) > 0.95);
    await engine.close();
  });
}
