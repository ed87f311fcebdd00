// The engine with SRTP ends, on each of its ways to the network: who is let in, what goes out, reports. Attack E2.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { freshKey, type SrtpKeys } from '../../sdp/index.ts';
import { PCMU, TestPhone, testEngine } from '../fixture.ts';
import { decodeG711, encodeG711 } from '../codec/g711.ts';
import { writeRtp } from '../rtp/header.ts';
import { OPENED } from '../srtp/receiver.ts';
import { Srtp } from '../srtp/srtp.ts';
import { toneSamples } from '../tone/generate.ts';
import { goertzel } from '../tone/goertzel.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const keys = (): SrtpKeys => ({ send: freshKey(suite, randomBytes), receive: freshKey(suite, randomBytes) });
const mirrored = ({ send, receive }: SrtpKeys): SrtpKeys => ({ send: receive, receive: send });

/** RTP of a tone, sealed, one packet after another. */
class Talker {
  readonly srtp: Srtp;
  #sequence = 100;
  readonly #voice = encodeG711('PCMU', toneSamples([440], 1000));

  constructor(ours: SrtpKeys) {
    this.srtp = new Srtp(mirrored(ours));
  }

  next(): Buffer {
    const n = this.#sequence++;
    const bytes = Buffer.alloc(200);
    writeRtp(bytes, 0, { payloadType: 0, marker: false, sequence: n, timestamp: n * 160, ssrc: 0xabc });
    bytes.set(this.#voice.subarray((n % 50) * 160, (n % 50) * 160 + 160), 12);
    const packet = { bytes, at: 0, length: 172, host: '', port: 0 };
    assert.ok(this.srtp.protect(packet));
    return bytes.subarray(0, packet.length);
  }
}

for (const [wire, preferBatched] of [
  ['io_uring where the kernel has it', true],
  ['epoll', 'epoll'],
  ['dgram', false],
] as const)
  test(`${wire}: SRTP in and plain RTP out, and back`, async () => {
    const engine = await testEngine({ preferBatched });
    const [a, b] = [await TestPhone.open(), await TestPhone.open()];
    try {
      const ours = keys();
      const talker = new Talker(ours);
      const atA = await engine.open({ session: 's', endpoint: 'a' });
      const atB = await engine.open({ session: 's', endpoint: 'b' });
      await engine.configure('a', a.settings([PCMU], { srtp: ours }));
      await engine.configure('b', b.settings([PCMU]));
      await engine.bridge('a', 'b');
      await engine.quality('a');
      for (let n = 0; n < 20; n++) await a.raw(atA, talker.next());
      await b.until(() => b.heard.length >= 20);
      const heard = b.heard.flatMap(({ payload }) => [...decodeG711('PCMU', payload)]);
      assert.ok(goertzel(Int16Array.from(heard), 440, 8000) > 0.1, 'the tone came through');

      const sealed: Buffer[] = [];
      a.rtp.on('message', (bytes) => sealed.push(bytes));
      await b.tone(atB, 620, 20);
      await a.until(() => sealed.length >= 20);
      for (const bytes of sealed) {
        assert.equal(bytes.length, 182);
        assert.equal(talker.srtp.open({ bytes, at: 0, length: bytes.length, host: '', port: 0 }, 12, 0), OPENED);
      }
    } finally {
      a.close();
      b.close();
      await engine.close();
    }
  });

test('whoever is told that we have its new key may use it at once', async () => {
  const engine = await testEngine();
  const phone = await TestPhone.open();
  try {
    let ours = keys();
    const at = await engine.open({ session: 's', endpoint: 'a' });
    await engine.configure('a', phone.settings([PCMU], { srtp: ours }));
    await engine.quality('a');
    for (let n = 0; n < 10; n++) {
      ours = { ...ours, receive: freshKey(suite, randomBytes) };
      await engine.configure('a', phone.settings([PCMU], { srtp: ours }));
      await phone.raw(at, new Talker(ours).next());
    }
    let { packetsReceived, packetsRefused } = await engine.quality('a');
    while (packetsReceived + packetsRefused < 10) ({ packetsReceived, packetsRefused } = await engine.quality('a'));
    assert.deepEqual([packetsReceived, packetsRefused], [10, 0]);
  } finally {
    phone.close();
    await engine.close();
  }
});

test('who has not the key is never latched to, whatever it sends, and from wherever', async () => {
  const engine = await testEngine();
  const [phone, stranger, other] = [await TestPhone.open(), await TestPhone.open(), await TestPhone.open()];
  try {
    const ours = keys();
    const talker = new Talker(ours);
    const at = await engine.open({ session: 's', endpoint: 'a' });
    const atB = await engine.open({ session: 's', endpoint: 'b' });
    await engine.configure('a', phone.settings([PCMU], { srtp: ours }));
    await engine.configure('b', other.settings([PCMU]));
    await engine.bridge('a', 'b');
    await engine.quality('a');
    // Of one host with the phone, in sequence: in the clear it would be learned.
    await stranger.tone(at, 440, 10);
    const forger = new Talker(keys());
    for (let n = 0; n < 10; n++) await stranger.raw(at, forger.next());
    await other.tone(atB, 620, 5);
    await phone.until(() => phone.heard.length >= 5);
    assert.equal(stranger.heard.length, 0);
    assert.equal(other.heard.length, 0);
    for (let n = 0; n < 5; n++) await phone.raw(at, talker.next());
    await other.until(() => other.heard.length >= 5);
    const { packetsForged, packetsRefused, packetsReceived } = await engine.quality('a');
    assert.deepEqual([packetsForged, packetsRefused, packetsReceived], [20, 20, 5]);
    // Locked now: what a stranger sends is not even looked at.
    await stranger.tone(at, 440, 10);
    await phone.raw(at, talker.next());
    await other.until(() => other.heard.length >= 6);
    assert.equal((await engine.quality('a')).packetsForged, 20);
    assert.equal((await engine.quality('a')).packetsRefused, 30);
  } finally {
    for (const each of [phone, stranger, other]) each.close();
    await engine.close();
  }
});

test('reports go out under the key, and come in only under it', async () => {
  const engine = await testEngine();
  const phone = await TestPhone.open();
  try {
    const ours = keys();
    const talker = new Talker(ours);
    const at = await engine.open({ session: 's', endpoint: 'a' });
    await engine.configure('a', phone.settings([PCMU], { srtp: ours }));
    await engine.quality('a');
    for (let n = 0; n < 5; n++) await phone.raw(at, talker.next());
    await engine.play('a', 'tone', { sound: { kind: 'ringback', country: 'us' }, loop: 'forever' });
    await phone.until(() => phone.reports.length > 0);
    const [report] = phone.reports;
    assert.ok(report !== undefined);
    const packet = { bytes: report, at: 0, length: report.length, host: '', port: 0 };
    assert.equal(talker.srtp.openRtcp(packet, 0), OPENED);
    assert.equal(report[1], 200);
    const clear = Buffer.from('80c9000100000abc', 'hex');
    await phone.raw({ address: at.address, port: at.rtcpPort }, clear, phone.rtcp);
    const sealed = { bytes: Buffer.concat([clear, Buffer.alloc(20)]), at: 0, length: 8, host: '', port: 0 };
    assert.ok(talker.srtp.protectRtcp(sealed));
    const bytes = sealed.bytes.subarray(0, sealed.length);
    await phone.raw({ address: at.address, port: at.rtcpPort }, bytes, phone.rtcp);
    await phone.raw({ address: at.address, port: at.rtcpPort }, bytes, phone.rtcp);
    await phone.raw(at, talker.next());
    for (;;) {
      const { packetsReceived, packetsForged, packetsReplayed } = await engine.quality('a');
      if (packetsReceived < 6 || packetsReplayed === 0) continue;
      assert.deepEqual([packetsForged, packetsReplayed], [1, 1]);
      break;
    }
  } finally {
    phone.close();
    await engine.close();
  }
});

test('with rtcp-mux reports go out from the port of RTP, and come in there, under the key alone', async () => {
  const engine = await testEngine();
  const phone = await TestPhone.open();
  try {
    const ours = keys();
    const talker = new Talker(ours);
    const at = await engine.open({ session: 's', endpoint: 'a' });
    const reports: Buffer[] = [];
    phone.rtp.on('message', (bytes) => (bytes[1] === 200 ? reports.push(bytes) : undefined));
    const settings = phone.settings([PCMU], { srtp: ours, rtcpMux: true });
    const remote = settings.remote && { ...settings.remote, rtcpPort: settings.remote.port };
    await engine.configure('a', { ...settings, remote });
    await engine.quality('a');
    for (let n = 0; n < 5; n++) await phone.raw(at, talker.next());
    await engine.play('a', 'tone', { sound: { kind: 'ringback', country: 'us' }, loop: 'forever' });
    await phone.until(() => reports.length > 0);
    assert.equal(phone.reports.length, 0);
    const [report] = reports;
    assert.ok(report !== undefined);
    const packet = { bytes: report, at: 0, length: report.length, host: '', port: 0 };
    assert.equal(talker.srtp.openRtcp(packet, 0), OPENED);
    const clear = Buffer.from('80c9000100000abc', 'hex');
    const sealed = { bytes: Buffer.concat([clear, Buffer.alloc(20)]), at: 0, length: 8, host: '', port: 0 };
    assert.ok(talker.srtp.protectRtcp(sealed));
    const bytes = sealed.bytes.subarray(0, sealed.length);
    for (const each of [clear, bytes, bytes]) await phone.raw(at, each);
    await phone.raw(at, talker.next());
    for (;;) {
      const { packetsReceived, packetsForged, packetsReplayed } = await engine.quality('a');
      if (packetsReceived < 6) continue;
      assert.deepEqual([packetsForged, packetsReplayed], [1, 1]);
      break;
    }
  } finally {
    phone.close();
    await engine.close();
  }
});

test('a key that is none is refused without being shown', async () => {
  const engine = await testEngine();
  const phone = await TestPhone.open();
  try {
    await engine.open({ session: 's', endpoint: 'a' });
    const bad = { suite, masterKey: 'c2VjcmV0' } as const;
    const settings = phone.settings([PCMU], { srtp: { send: bad, receive: bad } });
    await assert.rejects(engine.configure('a', settings), (fault: Error) => {
      assert.match(fault.message, /srtp\.send/);
      return !fault.message.includes('c2VjcmV0');
    });
  } finally {
    phone.close();
    await engine.close();
  }
});
