import assert from 'node:assert/strict';
import { test } from 'node:test';
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

function settingsOf(of: number, more: { lite?: boolean; role?: 'client' | 'server' } = {}): WebSettings {
  const [hash = '', value = ''] = certificates[of]!.fingerprint.split(' ');
  const { lite = false, role = 'server' } = more;
  return { local: serverIce, remote: { ufrag: 'browser0', fingerprint: { hash, value }, lite }, role };
}

function packetOf(bytes: Uint8Array, from: Far): Packet {
  const copy = Buffer.from(bytes);
  return { bytes: copy, at: 0, length: copy.length, host: from.host, port: from.port };
}

function linkOf(settings: WebSettings, own: number, send: (bytes: Uint8Array) => void): WebLink {
  const context = new DtlsContext(loadOpenSsl(), certificates[own]!);
  return new WebLink({ context, text: String, send }, settings, 0);
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

test('RFC 8445 two lite agents: each takes the other’s address as signalled, and DTLS begins by itself', () => {
  const queue: (() => void)[] = [];
  const links: WebLink[] = [];
  const toOther = (own: number) => (bytes: Uint8Array) => {
    const packet = packetOf(bytes, fars[own]!);
    queue.push(() => void links[1 - own]!.take(packet, 1));
  };
  links[0] = linkOf(settingsOf(1, { lite: true, role: 'server' }), 0, toOther(0));
  links[1] = linkOf(settingsOf(0, { lite: true, role: 'client' }), 1, toOther(1));
  links[0].trust(fars[1]!);
  links[1].trust(fars[0]!);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
  assert.ok(links[0].keys);
  assert.deepEqual(links[0].keys.send, links[1].keys?.receive);
  assert.deepEqual(links[0].keys.receive, links[1].keys?.send);
  for (const link of links) link.close();
});

test('a lost flight is sent again', async () => {
  const queue: (() => void)[] = [];
  const links: WebLink[] = [];
  let lost = 2;
  const toOther = (own: number) => (bytes: Uint8Array) => {
    const packet = packetOf(bytes, fars[own]!);
    if (lost-- <= 0) queue.push(() => void links[1 - own]!.take(packet, 1));
  };
  links[0] = linkOf(settingsOf(1, { lite: true, role: 'server' }), 0, toOther(0));
  links[1] = linkOf(settingsOf(0, { lite: true, role: 'client' }), 1, toOther(1));
  links[0].trust(fars[1]!);
  links[1].trust(fars[0]!);
  // OpenSSL asks the system's clock: a second, then two.
  for (let turn = 0; turn < 60 && links[0].keys === undefined; turn++) {
    for (const link of links) link.tick(1);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(links[0].keys);
  for (const link of links) link.close();
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
