// media.engine: rtpengine, with the real daemon: which way packets go, measured on our side and on its own.
import assert from 'node:assert/strict';
import { after as afterAll, test } from 'node:test';
import { EVENTS, PCMA, PCMU, TestPhone } from '../../src/media/fixture.ts';
import { goertzel, mosOf, ntpMiddle, writeReport } from '../../src/media/index.ts';
import { after, rtpengineEngine, startRtpengine } from '../kit/index.ts';

const daemon = await startRtpengine();
const skip = 'missing' in daemon ? daemon.missing : false;
afterAll(async () => 'missing' in daemon || (await daemon.remove()));

async function talking(
  t: { after(end: () => Promise<void>): void },
  payloads = [
    [PCMU, EVENTS],
    [PCMU, EVENTS],
  ],
) {
  assert.ok(!('missing' in daemon));
  const { engine, clock, way } = await rtpengineEngine(daemon.place);
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
  return { daemon, engine, a, b, atA, atB, path, way, quiet };
}

/** Resolves when the phone hears half a second of this tone and nothing else: a change of way is another phase of it. */
async function hears(phone: TestPhone, hz: number): Promise<void> {
  for (let [tries, share] = [0, 0]; share <= 0.95; tries++) {
    assert.ok(tries < 20, `${hz} Hz is ${share} of what is heard`);
    share = goertzel(await next(phone), hz);
  }
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
  { skip, timeout: 60_000 },
  async (t) => {
    const { daemon: at, engine, a, b, atA, atB, path, way } = await talking(t);
    assert.equal(path, 'relay');
    assert.ok(at.has(atA.port) && at.has(atB.port), 'the ports of the SDP are rtpengine’s');
    await hears(b, 440);
    await way('a', 'direct');
    const before = (await engine.stats()).packetsRelayed;
    await Promise.all([hears(a, 1000), hears(b, 440)]);
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
  { skip, timeout: 60_000 },
  async (t) => {
    const { engine, a, b, way } = await talking(t);
    await way('a', 'direct');
    b.heard.length = 0;
    await engine.play('a', 'p', {
      sound: { kind: 'tone', frequencies: [700], levelDb: -10, cadence: [{ on: 1000, off: 0 }] },
      loop: 'forever',
    });
    assert.equal(engine.wayOf('a'), 'worker');
    await hears(a, 700);
    await engine.stopPlay('a');
    await way('a', 'direct');
    await Promise.all([hears(a, 1000), hears(b, 440)]);
  },
);

test('there and back: the other party hears each packet once', { skip, timeout: 60_000 }, async (t) => {
  const { engine, b, way } = await talking(t);
  await way('a', 'direct');
  await b.more(5);
  b.heard.length = 0;
  await engine.setGain('a', 6);
  await b.more(10);
  await engine.setGain('a', 0);
  await way('a', 'direct');
  await b.more(10);
  const steps = b.heard.slice(1).map((packet, i) => (packet.timestamp - b.heard[i]!.timestamp) >>> 0);
  const odd = steps.filter((step) => step !== 160);
  // On a busy machine the last packet of one way and the first of the other may cross, which makes three of one.
  assert.ok(odd.length <= 6, `only where the stream changes its clock: ${odd.join()}`);
});

test('muted: the other hears nothing of it, and hears it again', { skip, timeout: 60_000 }, async (t) => {
  const { engine, b, way } = await talking(t);
  await way('a', 'direct');
  await engine.mute('a', true);
  await after(100);
  b.heard.length = 0;
  await after(300);
  assert.ok(goertzel(b.audio(), 440) < 0.05);
  await engine.mute('a', false);
  await hears(b, 440);
  await way('a', 'direct');
  await hears(b, 440);
});

test('keys are told while rtpengine carries the pair alone, once each', { skip, timeout: 60_000 }, async (t) => {
  const { engine, a, atA, way } = await talking(t);
  const digits: string[] = [];
  engine.events.on('digit', (endpoint, digit) => digits.push(`${endpoint} ${digit}`));
  await way('a', 'direct');
  for (const key of [5, 11]) {
    // In one go: a packet of its talk between them would move the clock, and make two keys of it.
    const said = [160, 320, 480, 640, 640, 640].map((duration, i) =>
      a.send(atA, 101, Uint8Array.of(key, i < 3 ? 10 : 0x8a, duration >> 8, duration & 255)),
    );
    a.timestamp += 1600;
    await Promise.all(said);
    await after(200);
  }
  assert.equal(engine.wayOf('a'), 'direct');
  assert.deepEqual(digits, ['a 5', 'a #']);
});

/** One says what it sends and how well it hears the other, as phones do every few seconds. */
function reports(from: TestPhone, to: { port: number }, wall: number, about?: object): Promise<void> {
  const bytes = new Uint8Array(128);
  const sent = { timestamp: from.timestamp, packets: 100, bytes: 16_000 };
  const said = about as Parameters<typeof writeReport>[1]['about'];
  const cname = Buffer.from('far');
  const length = writeReport(bytes, { ssrc: from.ssrc, cname, wall, sent, about: said, goodbye: false });
  return from.raw({ address: '127.0.0.1', port: to.port + 1 }, bytes.subarray(0, length), from.rtcp);
}

test(
  'what went by rtpengine alone is rated by what the other party reports, and not at all where it reports nothing',
  { skip, timeout: 60_000 },
  async (t) => {
    const { engine, a, b, atA, atB, way } = await talking(t);
    b.ssrc = 0x55667788;
    await way('a', 'direct');
    // Each hears when the other's report left; and answers it after a second, of which it says it was 100 ms on its way.
    const rounds = async (...fractions: number[]): Promise<void> => {
      for (const fraction of fractions) {
        const [left, begun] = [Date.now(), performance.now()];
        await Promise.all([reports(a, atA, left), reports(b, atB, left)]);
        await after(1000);
        const delay = Math.round(((performance.now() - begun - 100) / 1000) * 65_536);
        const about = { lost: 77, highest: 0, lastReport: ntpMiddle(left), delay };
        await reports(a, atA, Date.now(), { ...about, ssrc: b.ssrc, fraction: 0, jitter: 0 });
        await reports(b, atB, Date.now(), { ...about, ssrc: a.ssrc, fraction, jitter: 80 });
        await after(50);
      }
    };
    await b.more(10);
    assert.deepEqual(
      [(await engine.quality('a')).mos, (await engine.quality('a')).packetsLostPercent],
      [undefined, undefined],
      'nobody has reported yet',
    );
    // In 1/256: 10 and 20 %. How many are lost in all is of no matter: rtpengine mixes that up.
    await rounds(26, 52);
    const { packetsLost, packetsReceived, packetsLostPercent, jitterMs, roundTripMs, mos, mosInputs } =
      await engine.quality('a');
    // Between the two, by how many reports of each rtpengine has taken; what had gone by a worker before is whole.
    const isSome = (percent: number | undefined): boolean => percent !== undefined && percent > 8 && percent < 20;
    assert.ok(isSome(packetsLostPercent), `${packetsLostPercent} %`);
    assert.equal(packetsLostPercent, (100 * packetsLost) / (packetsReceived + packetsLost));
    // 80 on the clock of the audio are 10 ms; what this machine adds is its own.
    assert.ok(jitterMs !== undefined && jitterMs > 5 && jitterMs < 40, `${jitterMs} ms`);
    assert.ok(roundTripMs !== undefined && roundTripMs > 150 && roundTripMs < 400, `${roundTripMs} ms there and back`);
    assert.ok(mosInputs !== undefined);
    assert.deepEqual([mosInputs.codec, mosInputs.reportedBy], ['PCMU', 'listener']);
    assert.equal(mosInputs.lossPercent, packetsLostPercent);
    assert.equal(mos, mosOf(mosInputs));
    const ofB = await engine.quality('b');
    assert.ok(ofB.mos !== undefined && mos !== undefined && mos < ofB.mos - 0.3, `${mos} is worse than ${ofB.mos}`);

    // By a worker and back: the listener calls that a hole of the source it knew, and it is none.
    const { sequence } = a;
    await engine.setGain('a', 6);
    await a.more(60);
    await engine.setGain('a', 0);
    await way('a', 'direct');
    const hole = a.sequence - sequence;
    await rounds(230, 52);
    const again = (await engine.quality('a')).packetsLostPercent;
    assert.ok(hole > 60 && isSome(again), `${again} %, a hole of ${hole}`);
    assert.equal((await engine.release('a'))?.mosInputs?.reportedBy, 'listener');
  },
);

test('different codecs: a worker stays in the way and both hear', { skip, timeout: 60_000 }, async (t) => {
  const { engine, a, b, path } = await talking(t, [[PCMU], [PCMA]]);
  assert.equal(path, 'studio');
  const [heardA, heardB] = await Promise.all([next(a), next(b, 8)]);
  assert.ok(goertzel(heardA, 1000) > 0.95 && goertzel(heardB, 440) > 0.95);
  await after(700);
  assert.equal(engine.wayOf('a'), 'worker');
});

test('a far end that falls silent is told, while rtpengine carries it alone', { skip, timeout: 60_000 }, async (t) => {
  const { engine, way, quiet } = await talking(t);
  await way('a', 'direct');
  const silent = new Promise<string>((resolve) => void engine.events.once('silent', resolve));
  quiet[0]!();
  assert.equal(await silent, 'a');
});
