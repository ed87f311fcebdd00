// The published vectors, and OpenSSL beside our own ciphers.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { SeededRandom } from '../../base/index.ts';
import type { Packet } from '../rtp/packet.ts';
import { Aes, layKeyStream } from './aes.ts';
import { CounterMode } from './counter-mode.ts';
import { sessionKeys } from './derive.ts';
import { GaloisMode } from './galois-mode.ts';
import { HmacSha1 } from './hmac-sha1.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ''), 'hex');
const packetOf = (plain: Buffer): Packet & { bytes: Buffer } => {
  const room = Buffer.concat([plain, Buffer.alloc(64)]);
  return { bytes: room, at: 0, length: plain.length, host: '', port: 0 };
};
const words = (block: Buffer): Int32Array => Int32Array.from({ length: 4 }, (_, w) => block.readInt32BE(w * 4));
const shown = ({ bytes: all, length }: Packet): string => Buffer.from(all).toString('hex', 0, length);

test('RFC 3711 B.2: the key stream of AES in counter mode', () => {
  const aes = new Aes(bytes('2B7E151628AED2A6ABF7158809CF4F3C'));
  const counter = words(bytes('F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000'));
  const stream = Buffer.alloc(0xff02 * 16);
  layKeyStream(aes, counter, stream, 0, stream.length);
  for (const [at, block] of [
    [0x0000, 'E03EAD0935C95E80E166B16DD92B4EB4'],
    [0x0001, 'D23513162B02D0F72A43A2FE4A5F97AB'],
    [0x0002, '41E95B3BB0A2E8DD477901E4FCA894C0'],
    [0xfeff, 'EC8CDF7398607CB0F2D21675EA9EA1E4'],
    [0xff00, '362B7C3C6773516318A077D7FC5073AE'],
    [0xff01, '6A2CC3787889374FBEB4C81B17BA6C44'],
  ] as const)
    assert.equal(stream.toString('hex', at * 16, at * 16 + 16), block.toLowerCase());
});

test('RFC 3711 B.3: session keys of AES_CM_128_HMAC_SHA1_80', () => {
  const masterKey = bytes('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6').toString('base64');
  const keys = sessionKeys({ suite: 'AES_CM_128_HMAC_SHA1_80', masterKey }, 'rtp');
  assert.deepEqual(Buffer.from(keys.encryption), bytes('C61E7A93744F39EE10734AFE3FF7A087'));
  assert.deepEqual(Buffer.from(keys.salt), bytes('30CBBC08863D8C85D49DB34A9AE1'));
  assert.deepEqual(Buffer.from(keys.authentication), bytes('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
});

test('RFC 6188 §7.2: session keys of AES_256_CM', () => {
  const masterKey = bytes(
    'f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2',
  ).toString('base64');
  const keys = sessionKeys({ suite: 'AES_256_CM_HMAC_SHA1_80', masterKey }, 'rtp');
  assert.deepEqual(
    Buffer.from(keys.encryption),
    bytes('5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4'),
  );
  assert.deepEqual(Buffer.from(keys.salt), bytes('fa31791685ca444a9e07c6c64e93'));
  assert.deepEqual(Buffer.from(keys.authentication), bytes('fd9c32d39ed5fbb5a9dc96b30818454d1313dc05'));
});

const galois = (encryption: string): GaloisMode => {
  const keys = {
    encryption: bytes(encryption),
    authentication: Buffer.alloc(20),
    salt: bytes('517569642070726f2071756f'),
  };
  return new GaloisMode(keys, keys);
};
const key128 = '000102030405060708090a0b0c0d0e0f';
const key256 = `${key128}101112131415161718191a1b1c1d1e1f`;
const rtp = bytes(
  '8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573',
);

for (const [suite, key, text] of [
  [
    'RFC 7714 §16.1 AEAD_AES_128_GCM',
    key128,
    'f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce',
  ],
  [
    'RFC 7714 §16.2 AEAD_AES_256_GCM',
    key256,
    '32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13',
  ],
] as const)
  test(`${suite}: an RTP packet, sealed and opened`, () => {
    const packet = packetOf(rtp);
    galois(key).sealRtp(packet, 12, 0);
    assert.equal(shown(packet), rtp.toString('hex', 0, 12) + text);
    assert.ok(galois(key).openRtp(packet, 12, 0));
    assert.equal(shown(packet), rtp.toString('hex'));
  });

const random = new SeededRandom(7);

test('HMAC-SHA1 is that of OpenSSL at every length', () => {
  const key = random.bytes(20);
  const hmac = new HmacSha1(key);
  const message = random.bytes(200);
  for (let length = 0; length <= 200; length++) {
    hmac.sign(message, 0, length);
    const ours = Buffer.from(hmac.digest.buffer.slice(0)).swap32().toString('hex');
    assert.equal(ours, createHmac('sha1', key).update(message.subarray(0, length)).digest('hex'), `length ${length}`);
  }
});

/** RTP with `extra` octets of header beside the twelve, and a payload. */
function randomRtp(payload: number, extra: number): Buffer {
  const plain = random.bytes(12 + extra + payload);
  plain[0] = 0x80;
  return plain;
}

for (const octets of [16, 32])
  test(`AES-${octets * 8} in Galois mode is that of OpenSSL at every length`, () => {
    const keys = { encryption: random.bytes(octets), authentication: Buffer.alloc(20), salt: random.bytes(12) };
    const ours = new GaloisMode(keys, keys);
    for (let length = 0; length <= 70; length++) {
      const offset = 12 + (length % 4) * 4;
      const plain = randomRtp(length, offset - 12);
      const roc = random.integer(2 ** 32);
      const iv = Buffer.alloc(12);
      plain.copy(iv, 2, 8, 12);
      iv.writeUInt32BE(roc, 6);
      plain.copy(iv, 10, 2, 4);
      for (let i = 0; i < 12; i++) iv[i] = iv[i]! ^ keys.salt[i]!;
      const theirs = createCipheriv(octets === 16 ? 'aes-128-gcm' : 'aes-256-gcm', keys.encryption, iv);
      theirs.setAAD(plain.subarray(0, offset));
      const text = Buffer.concat([theirs.update(plain.subarray(offset)), theirs.final()]);
      const packet = packetOf(plain);
      ours.sealRtp(packet, offset, roc);
      assert.equal(
        shown(packet),
        Buffer.concat([plain.subarray(0, offset), text, theirs.getAuthTag()]).toString('hex'),
      );
    }
  });

test('AES in counter mode with HMAC-SHA1 is that of OpenSSL at every length', () => {
  const keys = { encryption: random.bytes(16), authentication: random.bytes(20), salt: random.bytes(14) };
  const ours = new CounterMode(keys, keys, 10);
  for (let length = 0; length <= 70; length++) {
    const plain = randomRtp(length, 0);
    const roc = random.integer(2 ** 32);
    const iv = Buffer.alloc(16);
    plain.copy(iv, 4, 8, 12);
    iv.writeUInt32BE(roc, 8);
    plain.copy(iv, 12, 2, 4);
    for (let i = 0; i < 14; i++) iv[i] = iv[i]! ^ keys.salt[i]!;
    const text = createCipheriv('aes-128-ctr', keys.encryption, iv).update(plain.subarray(12));
    const body = Buffer.concat([plain.subarray(0, 12), text]);
    const behind = Buffer.alloc(4);
    behind.writeUInt32BE(roc);
    const tag = createHmac('sha1', keys.authentication).update(body).update(behind).digest().subarray(0, 10);
    const packet = packetOf(plain);
    ours.sealRtp(packet, 12, roc);
    assert.equal(shown(packet), Buffer.concat([body, tag]).toString('hex'));
  }
});
