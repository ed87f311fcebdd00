// media.engine: rtpengine, with the real daemon: which way packets go, measured on our side and on its own.
import assert from 'node:assert/strict';
import { after as afterAll, test } from 'node:test';
import { SystemClock, SystemRandom, silentLog } from '../../src/base/index.ts';
import { EVENTS, PCMA, PCMU, TestPhone, testEngine } from '../../src/media/fixture.ts';
import { createRtpengineEngine, goertzel } from '../../src/media/index.ts';
import { after, startRtpengine } from '../kit/index.ts';

const daemon = await startRtpengine();
const skip = 'missing' in daemon ? daemon.missing : false;
afterAll(async () => 'missing' in daemon || (await daemon.remove()));

async function engineOn(places: readonly string[]) {
  const clock = new SystemClock();
  const workers = await testEngine({ clock });
  const random = new SystemRandom();
  const engine = await createRtpengineEngine({ places, workers, clock, random, log: silentLog, silentMs: 600 });
  return { engine, clock };
}

async function talking(
  t: { after(end: () => Promise<void>): void },
  payloads = [
    [PCMU, EVENTS],
    [PCMU, EVENTS],
  ],
) {
  assert.ok(!('missing' in daemon));
  const { engine, clock } = await engineOn([daemon.place]);
  const [a, b] = [await TestPhone.open(), await TestPhone.open()];
  const atA = await engine.open({ session: 'session-1', endpoint: 'a' });
  const atB = await engine.open({ session: 'session-1', endpoint: 'b' });
  await engine.configure('a', a.settings(payloads[0]));
  await engine.configure('b', b.settings(payloads[1]));
  const { path } = await engine.bridge('a', 'b');
  const codec = payloads[1]?.[0] === PCMA ? 'PCMA' : 'PCMU';
  const quiet = [a.talk(atA, 440), b.talk(atB, 1000, { codec })];
  t.after(async () => {
    for (const each of quiet) each();
    await engine.close();
    a.close();
    b.close();
    assert.equal(await daemon.calls(), 0, 'rtpengine knows no call any more');
    assert.deepEqual(clock.pending(), []);
  });
  const way = async (wanted: string): Promise<void> => {
    for (let tries = 0; engine.wayOf('a') !== wanted && tries < 150; tries++) await after(20);
    assert.equal(engine.wayOf('a'), wanted);
  };
  return { daemon, engine, a, b, atA, atB, path, way, quiet };
}

/** The next half second that the phone hears. */
async function next(phone: TestPhone, type = 0): Promise<Int16Array> {
  await phone.more(3);
  phone.heard.length = 0;
  await phone.more(25);
  return phone.audio(type === 8 ? 'PCMA' : 'PCMU', type);
}

test(
  'two far ends hear each other by rtpengine alone: no packet passes a worker',
  { skip, timeout: 20_000 },
  async (t) => {
    const { daemon: at, engine, a, b, atA, atB, path, way } = await talking(t);
    assert.equal(path, 'relay');
    assert.ok(at.has(atA.port) && at.has(atB.port), 'the ports of the SDP are rtpengine’s');
    assert.ok(goertzel(await next(b), 440) > 0.95, 'by a worker at first');
    await way('direct');
    const before = (await engine.stats()).packetsRelayed;
    const [heardA, heardB] = await Promise.all([next(a), next(b)]);
    assert.ok(goertzel(heardB, 440) > 0.95);
    assert.ok(goertzel(heardA, 1000) > 0.95);
    assert.equal((await engine.stats()).packetsRelayed, before, 'the workers had nothing to do');
    const { packetsReceived, packetsSent, packetsLost } = await engine.quality('a');
    assert.ok(
      packetsReceived > 40 && packetsSent > 40 && packetsLost < 3,
      `${packetsReceived} ${packetsSent} ${packetsLost}`,
    );
  },
);

test(
  'studio work brings the audio back to the worker, and its end takes it out again; nothing is lost on the way',
  { skip, timeout: 20_000 },
  async (t) => {
    const { engine, a, b, way } = await talking(t);
    await way('direct');
    b.heard.length = 0;
    await engine.play('a', 'p', {
      sound: { kind: 'tone', frequencies: [700], levelDb: -10, cadence: [{ on: 1000, off: 0 }] },
      loop: 'forever',
    });
    assert.equal(engine.wayOf('a'), 'worker');
    assert.ok(goertzel(await next(a), 700) > 0.9, 'a hears the tone');
    await engine.stopPlay('a');
    await way('direct');
    const [heardA, heardB] = await Promise.all([next(a), next(b)]);
    assert.ok(goertzel(heardA, 1000) > 0.95 && goertzel(heardB, 440) > 0.95);
  },
);

test('there and back: the other party hears each packet once', { skip, timeout: 20_000 }, async (t) => {
  const { engine, b, way } = await talking(t);
  await way('direct');
  await b.more(5);
  b.heard.length = 0;
  await engine.setGain('a', 6);
  await b.more(10);
  await engine.setGain('a', 0);
  await way('direct');
  await b.more(10);
  const steps = b.heard.slice(1).map((packet, i) => (packet.timestamp - b.heard[i]!.timestamp) >>> 0);
  const odd = steps.filter((step) => step !== 160);
  assert.ok(odd.length <= 2, `only where the stream changes its clock: ${odd.join()}`);
});

test('muted: the other hears nothing of it, and hears it again', { skip, timeout: 20_000 }, async (t) => {
  const { engine, b, way } = await talking(t);
  await way('direct');
  await engine.mute('a', true);
  await after(100);
  b.heard.length = 0;
  await after(300);
  assert.ok(goertzel(b.audio(), 440) < 0.05);
  await engine.mute('a', false);
  assert.ok(goertzel(await next(b), 440) > 0.95);
  await way('direct');
  assert.ok(goertzel(await next(b), 440) > 0.95);
});

test('keys are told while rtpengine carries the pair alone, once each', { skip, timeout: 20_000 }, async (t) => {
  const { engine, a, atA, way } = await talking(t);
  const digits: string[] = [];
  engine.events.on('digit', (endpoint, digit) => digits.push(`${endpoint} ${digit}`));
  await way('direct');
  for (const key of [5, 11]) {
    for (const duration of [160, 320, 480])
      await a.send(atA, 101, Uint8Array.of(key, 10, duration >> 8, duration & 255));
    for (let i = 0; i < 3; i++) await a.send(atA, 101, Uint8Array.of(key, 0x8a, 640 >> 8, 640 & 255));
    a.timestamp += 1600;
    await after(200);
  }
  assert.equal(engine.wayOf('a'), 'direct');
  assert.deepEqual(digits, ['a 5', 'a #']);
});

test('different codecs: a worker stays in the way and both hear', { skip, timeout: 20_000 }, async (t) => {
  const { engine, a, b, path } = await talking(t, [[PCMU], [PCMA]]);
  assert.equal(path, 'studio');
  const [heardA, heardB] = await Promise.all([next(a), next(b, 8)]);
  assert.ok(goertzel(heardA, 1000) > 0.95 && goertzel(heardB, 440) > 0.95);
  await after(700);
  assert.equal(engine.wayOf('a'), 'worker');
});

test('a far end that falls silent is told, while rtpengine carries it alone', { skip, timeout: 20_000 }, async (t) => {
  const { engine, way, quiet } = await talking(t);
  await way('direct');
  const silent = new Promise<string>((resolve) => void engine.events.once('silent', resolve));
  quiet[0]!();
  assert.equal(await silent, 'a');
});
