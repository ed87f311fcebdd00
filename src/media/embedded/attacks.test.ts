/** spec/attacks.md section E, over real sockets, on both wires. Strangers are other ports of 127.0.0.1 and other hosts 127.0.0.x. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Buffer } from 'node:buffer';
import { EVENTS, PCMU, TestPhone, testEngine } from '../fixture.ts';
import { writeReport } from '../rtp/rtcp.ts';
import { goertzel } from '../tone/goertzel.ts';
import type { EmbeddedEngine } from './engine.ts';

for (const preferBatched of [false, 'epoll', true] as const) {
  const on = { false: 'dgram', epoll: 'epoll', true: 'io_uring' }[String(preferBatched) as 'epoll'];
  const engine: EmbeddedEngine = await testEngine({ preferBatched, restMs: 60_000, restUnusedMs: 60_000 });
  const phones: TestPhone[] = [];
  let session = 0;
  after(async () => {
    for (const each of phones) each.close();
    await engine.close();
  });

  const phone = async (address?: string): Promise<TestPhone> => {
    const made = await TestPhone.open(address);
    phones.push(made);
    return made;
  };

  const call = async () => {
    const a = await phone();
    const b = await phone();
    const names = [`a${++session}`, `b${session}`] as const;
    const atA = await engine.open({ session: `s${session}`, endpoint: names[0] });
    const atB = await engine.open({ session: `s${session}`, endpoint: names[1] });
    await engine.configure(names[0], a.settings());
    await engine.configure(names[1], b.settings());
    await engine.bridge(...names);
    await engine.stats();
    return { a, b, atA, atB, names };
  };

  test(`E1 ${on}: a stranger before, during and after the call hears nothing and is not heard`, async () => {
    const { a, b, atA, atB, names } = await call();
    const strangers = [await phone(), await phone('127.0.0.2')];
    const [near, far] = strangers as [TestPhone, TestPhone];
    // One packet each, as a sweep of the ports sends them, and a whole stream from another host.
    await near.tone(atA, 2000, 1);
    await far.tone(atA, 2000, 20);
    await Promise.all([a.tone(atA, 440, 25), b.tone(atB, 1000, 25)]);
    await Promise.all([a.until(() => a.heard.length === 25), b.until(() => b.heard.length === 25)]);
    await near.tone(atA, 2000, 20);
    await far.tone(atA, 2000, 20);
    await a.tone(atA, 440, 25);
    await b.until(() => b.heard.length === 50);
    assert.ok(goertzel(b.audio(), 440) > 0.95);
    assert.deepEqual([near.heard.length, far.heard.length], [0, 0]);
    const quality = await engine.quality(names[0]);
    assert.equal(quality.packetsRefused, 61);
    assert.equal(quality.packetsReceived, 50);
    assert.equal(quality.packetsLost, 0);
  });

  test(`E1 ${on}: after a re-INVITE to the same address the lock holds; to another, only that one is learned`, async () => {
    const { a, b, atA, atB, names } = await call();
    const stranger = await phone();
    await a.tone(atA, 440, 10);
    await engine.configure(names[0], a.settings());
    await engine.stats();
    await stranger.tone(atA, 2000, 10);
    await b.tone(atB, 1000, 10);
    await a.until(() => a.heard.length === 10);
    assert.equal(stranger.heard.length, 0);
    const moved = await phone('127.0.0.3');
    await engine.configure(names[0], moved.settings());
    await engine.stats();
    await a.tone(atA, 440, 10);
    await stranger.tone(atA, 2000, 10);
    await b.tone(atB, 1000, 10);
    await moved.until(() => moved.heard.length === 10);
    await moved.tone(atA, 700, 10);
    await b.until(() => b.heard.length === 20);
    assert.equal(stranger.heard.length, 0);
    assert.ok(b.heard.slice(10).every((packet) => packet.ssrc === atB.ssrc));
    assert.ok(goertzel(b.audio().subarray(1600), 700) > 0.95);
    assert.equal(a.heard.length, 10);
  });

  test(`E2 ${on}: forged keys, a stolen SSRC, short packets and unknown payload types do nothing`, async () => {
    const { a, b, atA, names } = await call();
    const stranger = await phone();
    const digits: string[] = [];
    const off = engine.events.on('digit', (_, digit) => digits.push(digit));
    await a.tone(atA, 440, 5);
    stranger.ssrc = a.ssrc;
    stranger.sequence = a.sequence;
    stranger.timestamp = a.timestamp;
    for (let i = 0; i < 5; i++) await stranger.send(atA, 101, Uint8Array.of(9, 0x8a, 3, 32));
    await stranger.tone(atA, 2000, 10);
    for (let size = 0; size < 12; size++) await a.raw(atA, Buffer.alloc(size, 0x80));
    await a.send(atA, 18, new Uint8Array(20));
    await a.send(atA, 13, new Uint8Array(1));
    await a.raw(atA, Buffer.alloc(1499, 0x16));
    await a.tone(atA, 440, 5);
    await b.until(() => b.heard.length === 10);
    await engine.stats();
    off();
    assert.deepEqual(digits, []);
    assert.ok(b.heard.every((packet) => packet.payloadType === 0));
    const { packetsRefused } = await engine.quality(names[0]);
    assert.equal(packetsRefused, 5 + 10 + 12 + 2 + 1);
  });

  test(`E2 ${on}: reports are taken from the far end only; a forged goodbye ends nothing`, async () => {
    const { a, b, atA, names } = await call();
    const stranger = await phone();
    await a.tone(atA, 440, 5);
    await b.until(() => b.heard.length === 5);
    const rtcp = { address: atA.address, port: atA.rtcpPort };
    const report = (fraction: number, goodbye: boolean): Buffer => {
      const about = { ssrc: atA.ssrc, fraction, lost: 1, highest: 5, jitter: 0, lastReport: 0, delay: 0 };
      const bytes = Buffer.alloc(200);
      const cname = Buffer.from('x');
      return bytes.subarray(
        0,
        writeReport(bytes, { ssrc: a.ssrc, cname, wall: 1e12, sent: undefined, about, goodbye }),
      );
    };
    await stranger.raw(rtcp, report(255, true), stranger.rtcp);
    await a.raw(rtcp, Buffer.alloc(7), a.rtcp);
    await a.raw(rtcp, report(64, true), a.rtcp);
    await stranger.raw(rtcp, report(255, true), stranger.rtcp);
    await a.tone(atA, 440, 5);
    await b.until(() => b.heard.length === 10);
    const quality = await engine.quality(names[0]);
    assert.equal(quality.farLostPercent, 25);
    assert.equal(quality.packetsRefused, 3);
    assert.equal(stranger.reports.length, 0);
  });

  test(`E2 ${on}: behind NAT only the host of the signalling is learned, for a private address`, async () => {
    const a = await phone('127.0.0.4');
    const stranger = await phone('127.0.0.5');
    const b = await phone();
    const names = [`a${++session}`, `b${session}`] as const;
    const atA = await engine.open({ session: `s${session}`, endpoint: names[0] });
    await engine.open({ session: `s${session}`, endpoint: names[1] });
    const settings = (remote: { address: string; port: number; signalledFrom?: string }) => ({
      ...a.settings(),
      remote,
    });
    await engine.configure(names[1], b.settings());
    await engine.configure(names[0], settings({ address: '192.168.77.7', port: 4000, signalledFrom: '127.0.0.4' }));
    await engine.bridge(...names);
    await engine.stats();
    await stranger.tone(atA, 2000, 10);
    await a.tone(atA, 440, 10);
    // The first two are its probation.
    await b.until(() => b.heard.length === 8);
    assert.ok(goertzel(b.audio(), 440) > 0.9);
    await engine.configure(names[0], settings({ address: '203.0.113.9', port: 4000, signalledFrom: '127.0.0.4' }));
    await engine.stats();
    await a.tone(atA, 440, 10);
    await engine.stats();
    assert.equal(b.heard.length, 8);
  });

  test(`E3 ${on}: what comes to a released port is heard by nobody, and no new call gets the port while it rests`, async () => {
    const { a, b, atA, atB, names } = await call();
    await a.tone(atA, 440, 5);
    await b.until(() => b.heard.length === 5);
    for (const name of names) await engine.release(name);
    const next = await call();
    assert.ok(![atA.port, atB.port].includes(next.atA.port) && ![atA.port, atB.port].includes(next.atB.port));
    await a.tone(atA, 440, 5);
    await next.a.tone(next.atA, 800, 5);
    await next.b.until(() => next.b.heard.length === 5);
    assert.ok(goertzel(next.b.audio(), 800) > 0.9);
    assert.equal(b.heard.length, 5);
    assert.equal((await engine.quality(next.names[0])).packetsRefused, 0);
  });
}

test('two legs whose SDP names each other’s port cannot be bridged: one packet would go round for ever', async () => {
  const engine = await testEngine({ preferBatched: false });
  after(() => engine.close());
  const a = await engine.open({ session: 's', endpoint: 'a' });
  const b = await engine.open({ session: 's', endpoint: 'b' });
  const settings = (port: number) =>
    ({ remote: { address: '127.0.0.1', port }, payloads: [PCMU], direction: 'sendrecv', ptime: 20 }) as const;
  await engine.configure('a', settings(b.port));
  await engine.configure('b', settings(a.port));
  await assert.rejects(engine.bridge('a', 'b'), { code: 'media-loop' });
  await engine.configure('a', settings(9));
  await engine.configure('b', settings(9));
  await engine.bridge('a', 'b');
  await assert.rejects(engine.configure('b', settings(a.port)), { code: 'media-loop' });
});

test('E3: a quiet pair comes back after its rest; a noisy one later', async () => {
  const engine = await testEngine({ ports: '19000-19003', restMs: 300, restUnusedMs: 1, preferBatched: false });
  after(() => engine.close());
  const a = await TestPhone.open();
  after(() => a.close());
  const first = await engine.open({ session: 's', endpoint: 'a' });
  await engine.configure('a', a.settings([PCMU, EVENTS]));
  await engine.stats();
  await a.tone(first, 440, 1);
  await engine.release('a');
  const second = await engine.open({ session: 's', endpoint: 'b' });
  assert.notEqual(second.port, first.port);
  await assert.rejects(engine.open({ session: 's', endpoint: 'c' }), { code: 'media-no-ports', http: 503 });
  while ((await engine.stats()).portsResting > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await engine.open({ session: 's', endpoint: 'd' })).port, first.port);
});
