// media.engine: rtpengine ends SRTP itself: two far ends of which one or both are encrypted need no worker.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after as afterAll, test } from 'node:test';
import { EVENTS, PCMU, TestPhone } from '../../src/media/fixture.ts';
import { goertzel } from '../../src/media/index.ts';
import { TestBrowser } from '../../src/media/webrtc/fixture.ts';
import { freshKey, type SrtpKeys, type SrtpSuite } from '../../src/sdp/index.ts';
import { rtpengineEngine, startRtpengine } from '../kit/index.ts';

const daemon = await startRtpengine();
const skip = 'missing' in daemon ? daemon.missing : false;
afterAll(async () => 'missing' in daemon || (await daemon.remove()));

const keysOf = (suite: SrtpSuite): SrtpKeys => ({
  send: freshKey(suite, randomBytes),
  receive: freshKey(suite, randomBytes),
});

type Engine = Awaited<ReturnType<typeof rtpengineEngine>>['engine'];
type Ends = readonly [SrtpSuite | undefined, SrtpSuite | undefined];

async function talking(t: { after(end: () => Promise<void>): void }, [suiteA, suiteB]: Ends) {
  assert.ok(!('missing' in daemon));
  const { engine, workers, clock, way } = await rtpengineEngine(daemon.place);
  const [a, b] = [await TestPhone.open(), await TestPhone.open()];
  b.ssrc = 0x55667788;
  const [atA, atB] = [
    await engine.open({ session: 's', endpoint: 'a' }),
    await engine.open({ session: 's', endpoint: 'b' }),
  ];
  const agree = async (phone: TestPhone, name: string, suite: SrtpSuite | undefined): Promise<void> => {
    const keys = suite && keysOf(suite);
    if (keys !== undefined) phone.seal(keys);
    await engine.configure(name, phone.settings([PCMU, EVENTS], keys && { srtp: keys }));
  };
  await agree(a, 'a', suiteA);
  await agree(b, 'b', suiteB);
  await engine.bridge('a', 'b');
  const quiet = [a.talk(atA, 440), b.talk(atB, 1000)];
  t.after(async () => {
    for (const each of quiet) each();
    await engine.close();
    a.close();
    b.close();
    assert.equal(await daemon.calls(), 0, 'rtpengine knows no call any more');
    assert.deepEqual(clock.pending(), []);
  });
  const both = async (): Promise<void> => {
    let heard: number[] = [];
    // A change of way is another phase of the tone, and this machine may stand still.
    for (let tries = 0; tries < 3; tries++) {
      await Promise.all([a.more(8), b.more(8)]);
      a.heard.length = 0;
      b.heard.length = 0;
      await Promise.all([a.more(25), b.more(25)]);
      heard = [goertzel(b.audio(), 440), goertzel(a.audio(), 1000)];
      if (heard.every((each) => each > 0.95)) return;
    }
    assert.fail(`heard ${heard.join()}; ${a.forged} and ${b.forged} could not be opened`);
  };
  return { engine, workers, a, b, atA, atB, way, both, agree };
}

const aes = 'AES_CM_128_HMAC_SHA1_80';
const gcm = 'AEAD_AES_256_GCM';
for (const ends of [
  [aes, undefined],
  [undefined, gcm],
  [aes, aes],
  [gcm, 'AES_256_CM_HMAC_SHA1_80'],
] as const) {
  const names = ends.map((each) => each ?? 'plain RTP').join(' and ');
  test(`${names}: by rtpengine alone, to a worker for a play, and back`, { skip, timeout: 60_000 }, async (t) => {
    const { engine, workers, a, b, way, both } = await talking(t, ends);
    await both();
    await way('a', 'direct');
    const before = (await engine.stats()).packetsRelayed;
    const had = (await workers.quality('a')).packetsReceived;
    await both();
    assert.equal((await engine.stats()).packetsRelayed, before, 'the workers had nothing to do');
    assert.equal((await workers.quality('a')).packetsReceived, had, 'nor was a packet sent to one');
    assert.ok((await engine.quality('a')).packetsReceived > had + 25);

    b.heard.length = 0;
    await engine.setGain('a', 6);
    await b.more(10);
    await engine.setGain('a', 0);
    await way('a', 'direct');
    await both();
    assert.ok(
      a.forged + b.forged <= 2,
      `${a.forged} and ${b.forged} could not be opened, ${a.replayed} and ${b.replayed} as their numbers came before: ${b.heard.map((p) => `${p.ssrc.toString(16).slice(0, 2)}.${p.sequence}`).join()}`,
    );
  });
}

/** What rtpengine says of itself to a browser: at once, or to a phone in the clear that becomes one in mid-call. */
const browsers = {
  'a browser': async (engine: Engine) => engine.open({ session: 's', endpoint: 'a', ice: true }),
  'a phone that turns into a browser': async (engine: Engine) => {
    const [was, place] = [await TestPhone.open(), await engine.open({ session: 's', endpoint: 'a' })];
    assert.deepEqual([place.fingerprint, place.ice], [undefined, undefined]);
    await engine.configure('a', was.settings([PCMU, EVENTS]));
    was.close();
    return { ...place, ...(await engine.introduce('a')) };
  },
};
for (const [name, opens] of Object.entries(browsers))
  test(
    `${name} and a phone in the clear: by rtpengine alone, to a worker, and back`,
    { skip, timeout: 60_000 },
    async (t) => {
      assert.ok(!('missing' in daemon));
      const { engine, workers, clock, way } = await rtpengineEngine(daemon.place);
      const [a, b] = [await TestBrowser.open(), await TestPhone.open()];
      const atA = await opens(engine);
      const atB = await engine.open({ session: 's', endpoint: 'b' });
      assert.ok(atA.fingerprint !== undefined && atA.ice !== undefined);
      const { ufrag, pwd } = atA.ice;
      const web = { ...a.web(), local: atA.ice };
      await engine.configure('a', a.settings([PCMU, EVENTS], web));
      await engine.configure('b', b.settings([PCMU, EVENTS]));
      await engine.bridge('a', 'b');
      await a.checks(atA.port, { username: `${ufrag}:browser0`, password: pwd });
      a.begins(atA.port, atA.fingerprint);
      await a.until(() => a.srtp !== undefined);
      const quiet = [b.talk(atB, 1000)];
      const payload = Buffer.alloc(160, 0x55);
      const timer = setInterval(() => a.says(atA.port, payload), 20);
      t.after(async () => {
        clearInterval(timer);
        for (const each of quiet) each();
        await engine.close();
        a.close();
        b.close();
        assert.deepEqual(clock.pending(), []);
      });
      await b.more(20);
      await a.until(() => a.heard.length > 20);
      await way('a', 'direct');
      await b.more(10);
      const had = (await workers.quality('a')).packetsReceived;
      b.heard.length = 0;
      a.heard.length = 0;
      await b.more(25);
      await a.until(() => a.heard.length > 20);
      assert.equal((await workers.quality('a')).packetsReceived, had);
      await engine.setGain('a', 6);
      await b.more(10);
      await engine.setGain('a', 0);
      await way('a', 'direct');
      b.heard.length = 0;
      a.heard.length = 0;
      await b.more(25);
      await a.until(() => a.heard.length > 20);
    },
  );
