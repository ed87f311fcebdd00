/** An endpoint of WebRTC over real sockets, on every wire: what gets through, and what strangers achieve. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { EmbeddedEngine } from '../embedded/engine.ts';
import { PCMU, TestPhone, testEngine } from '../fixture.ts';
import { goertzel } from '../tone/goertzel.ts';
import { createCertificate } from './certificate.ts';
import { TestBrowser } from './fixture.ts';

const sound = Buffer.alloc(160, 0x55);

for (const preferBatched of [false, 'epoll', true] as const) {
  const on = { false: 'dgram', epoll: 'epoll', true: 'io_uring' }[String(preferBatched) as 'epoll'];
  const engine: EmbeddedEngine = await testEngine({ preferBatched });
  const open: { close(): void }[] = [];
  const gone = new Map<string, string>();
  engine.events.on('gone', (endpoint, why) => void gone.set(endpoint, why));
  let calls = 0;
  after(async () => {
    for (const each of open) each.close();
    await engine.close();
  });

  /** An endpoint that waits for a browser, and one with a phone, bridged. */
  const call = async () => {
    const [browser, phone] = [await TestBrowser.open(), await TestPhone.open()];
    open.push(browser, phone);
    const session = `s${++calls}`;
    const names = [`web${calls}`, `phone${calls}`] as const;
    const atWeb = await engine.open({ session, endpoint: names[0] });
    const atPhone = await engine.open({ session, endpoint: names[1] });
    await engine.configure(names[0], browser.settings([PCMU]));
    await engine.configure(names[1], phone.settings());
    await engine.bridge(...names);
    await engine.stats();
    const fingerprint = atWeb.fingerprint ?? '';
    const connects = () => browser.connects(atWeb, fingerprint);
    return { browser, phone, atWeb, atPhone, names, fingerprint, connects };
  };

  test(`${on}: ICE, DTLS, then audio both ways, relayed`, async () => {
    const { browser, phone, atWeb, atPhone, names, connects } = await call();
    await connects();
    browser.says(atWeb.port, sound, { count: 10 });
    await phone.until(() => phone.heard.length === 10);
    assert.deepEqual(Buffer.from(phone.heard[9]!.payload), sound);
    await phone.tone(atPhone, 440, 25);
    await browser.until(() => browser.heard.length === 25);
    const heard = Buffer.concat(browser.heard.map(({ payload }) => Buffer.from(payload)));
    assert.equal(heard.length, 25 * 160);
    assert.ok(browser.heard.every(({ ssrc }) => ssrc === atWeb.ssrc));
    const quality = await engine.quality(names[0]);
    assert.deepEqual([quality.packetsReceived, quality.packetsSent, quality.packetsRefused], [10, 25, 0]);
  });

  test(`${on}: RTP in the clear, a stray ClientHello and a check with a wrong password are counted and change nothing`, async () => {
    const { browser, phone, atWeb, atPhone, names, fingerprint, connects } = await call();
    const stranger = await TestBrowser.open();
    open.push(stranger);
    stranger.says(atWeb.port, sound, { count: 5 });
    stranger.begins(atWeb.port, fingerprint);
    stranger.socket.send(Buffer.from([0, 1, 0, 0]), atWeb.port, '127.0.0.1');
    await phone.tone(atPhone, 440, 5);
    await engine.stats();
    await connects();
    stranger.says(atWeb.port, sound, { count: 5 });
    browser.says(atWeb.port, sound, { count: 3 });
    await phone.until(() => phone.heard.length === 3);
    const quality = await engine.quality(names[0]);
    assert.ok(quality.packetsRefused >= 12, `${quality.packetsRefused}`);
    assert.deepEqual([stranger.answers.length, stranger.heard.length, stranger.srtp], [0, 0, undefined]);
    assert.equal(gone.get(names[0]), undefined);
  });

  test(`${on}: forged and repeated SRTP is counted, and not heard`, async () => {
    const { browser, phone, atWeb, names, connects } = await call();
    await connects();
    const [sent] = browser.says(atWeb.port, sound);
    await phone.until(() => phone.heard.length === 1);
    const forged = Buffer.from(sent!);
    forged[20]! ^= 1;
    forged.writeUInt16BE(forged.readUInt16BE(2) + 1, 2);
    browser.socket.send(sent!, atWeb.port, '127.0.0.1');
    browser.socket.send(forged, atWeb.port, '127.0.0.1');
    browser.says(atWeb.port, sound);
    await phone.until(() => phone.heard.length === 2);
    const quality = await engine.quality(names[0]);
    assert.deepEqual([quality.packetsReceived, quality.packetsForged, quality.packetsReplayed], [2, 1, 1]);
  });

  test(`${on}: a certificate that was not signalled ends it, and nothing was heard`, async () => {
    const { browser, phone, atWeb, names, fingerprint } = await call();
    const other = createCertificate(0, Buffer.alloc(16, 7)).fingerprint.split(' ')[1]!;
    await engine.configure(
      names[0],
      browser.settings([PCMU], browser.web({ fingerprint: { hash: 'sha-256', value: other } })),
    );
    await engine.stats();
    await browser.checks(atWeb.port);
    browser.begins(atWeb.port, fingerprint);
    await browser.until(() => gone.has(names[0]));
    assert.match(gone.get(names[0]) ?? '', /fingerprint/);
    browser.says(atWeb.port, sound, { count: 3 });
    await engine.stats();
    assert.equal(phone.heard.length, 0);
  });

  test(`${on}: a browser that says goodbye and no BYE is gone soon`, async () => {
    const { browser, names, connects } = await call();
    await connects();
    browser.dtls?.close();
    await browser.until(() => gone.has(names[0]));
    assert.match(gone.get(names[0]) ?? '', /closed/);
  });

  test(`${on}: a far end that moves to another address is followed when ICE says so, not when it only sends`, async () => {
    const { browser, phone, atPhone, atWeb, connects } = await call();
    await connects();
    browser.says(atWeb.port, sound);
    await phone.until(() => phone.heard.length === 1);
    const moved = await TestBrowser.open();
    open.push(moved);
    moved.srtp = browser.srtp;
    moved.says(atWeb.port, sound);
    await moved.checks(atWeb.port);
    await phone.tone(atPhone, 440, 5);
    await moved.until(() => moved.heard.length === 5);
    assert.equal(phone.heard.length, 1);
    assert.equal(browser.heard.length, 0);
  });

  test(`${on}: a tone of ours reaches a browser, and its release leaves no port in use`, async () => {
    const { browser, names, connects } = await call();
    await connects();
    await engine.unbridge(names[0]);
    const kind = { kind: 'tone', frequencies: [700], levelDb: -10, cadence: [{ on: 2000, off: 0 }] } as const;
    await engine.play(names[0], 'p', { sound: kind, loop: 1 });
    await browser.until(() => browser.heard.length > 30);
    const heard = Buffer.concat(browser.heard.map(({ payload }) => Buffer.from(payload)));
    const { decodeG711 } = await import('../codec/g711.ts');
    assert.ok(goertzel(decodeG711('PCMU', heard), 700) > 0.9);
    for (let call = 1; call <= calls; call++) {
      await engine.release(`web${call}`);
      await engine.release(`phone${call}`);
    }
    assert.equal((await engine.stats()).portsInUse, 0);
  });
}
