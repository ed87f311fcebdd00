import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { WebSettings } from '../../ports/index.ts';
import type { Far, Packet } from '../rtp/packet.ts';
import { createCertificate } from './certificate.ts';
import { DtlsContext } from './dtls.ts';
import { checkOf, serverIce } from './fixture.ts';
import { loadOpenSsl } from './openssl.ts';
import { CONSENT_MS, REFUSED, TAKEN, WebLink } from './web-link.ts';

const certificates = [1, 2].map((n) => createCertificate(1_700_000_000_000, Buffer.alloc(16, n)));
const fars: readonly Far[] = [
  { host: '127.0.0.1', port: 1000 },
  { host: '127.0.0.1', port: 2000 },
];

const liteIce = { ufrag: 'browser0', pwd: 'the-password-of-who-waits' };

function settingsOf(of: number): WebSettings {
  const [hash = '', value = ''] = certificates[of]!.fingerprint.split(' ');
  return { local: serverIce, remote: { ufrag: 'browser0', fingerprint: { hash, value }, lite: false }, role: 'server' };
}

/** The lite far end of `settingsOf`. */
function waitingOf(of: number): WebSettings {
  const { remote } = settingsOf(of);
  return { local: liteIce, remote: { ...remote, ufrag: serverIce.ufrag }, role: 'client' };
}

function packetOf(bytes: Uint8Array, from: Far): Packet {
  const copy = Buffer.from(bytes);
  return { bytes: copy, at: 0, length: copy.length, host: from.host, port: from.port };
}

function linkOf(settings: WebSettings, own: number, send: (bytes: Uint8Array) => void): WebLink {
  const context = new DtlsContext(loadOpenSsl(), certificates[own]!);
  return new WebLink({ context: () => context, bytes: randomBytes, text: String, send }, settings, 0);
}

test('RFC 7675 a browser whose checks stop is gone after 20 s, told once; held or not, its checks keep it', () => {
  const link = linkOf(settingsOf(1), 0, () => {});
  assert.equal(link.take(packetOf(checkOf(), fars[0]!), 1000), TAKEN);
  assert.equal(link.tick(CONSENT_MS), undefined);
  assert.equal(link.take(packetOf(checkOf(), fars[0]!), 15_000), TAKEN);
  assert.equal(link.tick(15_000 + CONSENT_MS - 1), undefined);
  assert.match(link.tick(15_000 + CONSENT_MS) ?? '', /silent for 20 s/);
  assert.equal(link.tick(90_000), undefined);
  link.close();
});

test('one that never comes is gone as well, with a reason that says so', () => {
  const link = linkOf(settingsOf(1), 0, () => {});
  assert.match(link.tick(CONSENT_MS) ?? '', /no check reached us/);
  link.close();
});

/** One link seeks the other, which is lite; `lost`: so many datagrams never arrive. */
function seeking(t: TestContext, lost = 0, candidates = [fars[1]!]): { links: WebLink[]; run: () => void } {
  const queue: (() => void)[] = [];
  const links: WebLink[] = [];
  let left = lost;
  const toOther = (own: number) => (bytes: Uint8Array) => {
    const packet = packetOf(bytes, fars[own]!);
    if (left-- <= 0) queue.push(() => void links[1 - own]!.take(packet, 1));
  };
  links[0] = linkOf(settingsOf(1), 0, toOther(0));
  links[1] = linkOf(waitingOf(0), 1, toOther(1));
  t.after(() => links.forEach((link) => link.close()));
  links[0].seek(candidates, liteIce.pwd, 0);
  const run = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
  };
  return { links, run };
}

test('RFC 8445 §6.1.1 a far end that is lite is looked for and nominated, and DTLS begins by itself', (t) => {
  const { links, run } = seeking(t);
  run();
  const [seeker, waiting] = links;
  assert.ok(seeker?.keys);
  assert.deepEqual(seeker.far, fars[1]);
  assert.deepEqual(waiting?.far, fars[0]);
  assert.deepEqual(seeker.keys.send, waiting?.keys?.receive);
  assert.deepEqual(seeker.keys.receive, waiting?.keys?.send);
});

test('a lost check and a lost flight are sent again', async (t) => {
  const { links, run } = seeking(t, 3);
  // OpenSSL asks the system's clock: a second, then two.
  for (let turn = 0; turn < 60 && links[0]?.keys === undefined; turn++) {
    for (const link of links) link.tick(turn * 100);
    run();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(links[0]?.keys);
});

test('garbage where DTLS should be is refused, and a handshake has only so many datagrams', () => {
  const link = linkOf(settingsOf(1), 0, () => {});
  const [far] = fars;
  assert.equal(link.take(packetOf(Buffer.from([22, 254, 253, 0]), far!), 1), REFUSED);
  link.take(packetOf(checkOf(), far!), 1);
  const verdicts = Array.from({ length: 400 }, (_, n) => link.take(packetOf(Buffer.alloc(n + 1, 22), far!), 1));
  assert.equal(verdicts.at(-1), REFUSED);
  assert.equal(link.keys, undefined);
  link.close();
});

test('a certificate is another at each start, and its fingerprint is that of its bytes', () => {
  const made = [1, 1].map((n) => createCertificate(1_700_000_000_000, Buffer.alloc(16, n)).fingerprint);
  assert.notEqual(made[0], made[1]);
  assert.match(made[0] ?? '', /^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});
