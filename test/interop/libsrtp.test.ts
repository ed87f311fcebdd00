// libsrtp2, the SRTP of most phones and browsers, at the other end: what it seals we open, and the other way round.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import koffi from 'koffi';
import { OPENED, Srtp } from '../../src/media/index.ts';
import { freshKey, type SrtpKey, type SrtpSuite } from '../../src/sdp/index.ts';
import { ensureDebian } from '../kit/index.ts';

const setters: Readonly<Record<SrtpSuite, string>> = {
  AEAD_AES_256_GCM: 'srtp_crypto_policy_set_aes_gcm_256_16_auth',
  AEAD_AES_128_GCM: 'srtp_crypto_policy_set_aes_gcm_128_16_auth',
  AES_256_CM_HMAC_SHA1_80: 'srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80',
  AES_CM_128_HMAC_SHA1_80: 'srtp_crypto_policy_set_rtp_default',
  AES_256_CM_HMAC_SHA1_32: 'srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32',
  AES_CM_128_HMAC_SHA1_32: 'srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32',
};
/** RTCP has the long tag in all of them. */
const long = (suite: SrtpSuite): string => setters[suite.replace('SHA1_32', 'SHA1_80') as SrtpSuite];

type Coder = (session: bigint, bytes: Buffer, length: Int32Array) => number;
type Library = {
  readonly create: (policy: Buffer) => bigint;
  readonly free: (session: bigint) => number;
  readonly set: (name: string, policy: Buffer) => void;
  readonly address: (bytes: Buffer) => bigint;
  readonly protect: Coder;
  readonly unprotect: Coder;
  readonly protectRtcp: Coder;
  readonly unprotectRtcp: Coder;
};
let library: Library;

before(() => {
  assert.ok(ensureDebian(['libsrtp2-1']));
  const lib = koffi.load('libsrtp2.so.1');
  assert.equal(lib.func('int srtp_init()')(), 0);
  const create = lib.func('int srtp_create(_Out_ intptr_t *session, void *policy)');
  const coder = (name: string): Coder => lib.func(`int ${name}(intptr_t session, void *bytes, void *length)`) as Coder;
  library = {
    create: (policy) => {
      const session = [0n];
      assert.equal(create(session, policy), 0);
      return BigInt(session[0] ?? 0n);
    },
    free: lib.func('int srtp_dealloc(intptr_t session)') as Library['free'],
    set: (name, policy) => void lib.func(`void ${name}(void *policy)`)(policy),
    address: (bytes) => koffi.address(bytes),
    protect: coder('srtp_protect'),
    unprotect: coder('srtp_unprotect'),
    protectRtcp: coder('srtp_protect_rtcp'),
    unprotectRtcp: coder('srtp_unprotect_rtcp'),
  };
});

/** Any SSRC, by direction: srtp.h, srtp_ssrc_type_t. */
const INBOUND = 2;
const OUTBOUND = 3;

/** srtp_policy_t of 64-bit machines: SSRC, the policies of RTP and RTCP (24 octets each), the key, then what may be 0. */
function session(key: SrtpKey, direction: number): bigint {
  const policy = Buffer.alloc(256);
  const secret = Buffer.from(key.masterKey, 'base64');
  policy.writeInt32LE(direction, 0);
  library.set(setters[key.suite], policy.subarray(8, 32));
  library.set(long(key.suite), policy.subarray(32, 56));
  policy.writeBigUInt64LE(library.address(secret), 56);
  return library.create(policy);
}

function rtp(sequence: number): Buffer {
  const packet = randomBytes(12 + 160);
  packet[0] = 0x80;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(0x5eed, 8);
  return packet;
}

function report(): Buffer {
  const packet = randomBytes(28);
  packet.set([0x80, 200, 0, 6, 0, 0, 0x5e, 0xed]);
  return packet;
}

function coded(coder: Coder, id: bigint, packet: Buffer): Buffer {
  const room = Buffer.concat([packet, Buffer.alloc(64)]);
  const length = Int32Array.of(packet.length);
  assert.equal(coder(id, room, length), 0, 'libsrtp2 takes it');
  return room.subarray(0, length[0]);
}

function ours(
  packet: Buffer,
  act: (packet: { bytes: Buffer; at: number; length: number; host: string; port: number }) => boolean,
): Buffer {
  const moved = { bytes: Buffer.concat([packet, Buffer.alloc(64)]), at: 0, length: packet.length, host: '', port: 0 };
  assert.ok(act(moved), 'we take it');
  return Buffer.from(moved.bytes.subarray(0, moved.length));
}

for (const suite of Object.keys(setters) as SrtpSuite[]) {
  test(`${suite}: RTP about the end of the numbers and RTCP, from us to libsrtp2`, () => {
    const key = freshKey(suite, randomBytes);
    const srtp = new Srtp({ send: key, receive: freshKey(suite, randomBytes) });
    const id = session(key, INBOUND);
    for (let n = 65_500; n < 65_600; n++) {
      const packet = rtp(n);
      assert.deepEqual(
        coded(
          library.unprotect,
          id,
          ours(packet, (each) => srtp.protect(each)),
        ),
        packet,
      );
    }
    for (let n = 0; n < 5; n++) {
      const packet = report();
      assert.deepEqual(
        coded(
          library.unprotectRtcp,
          id,
          ours(packet, (each) => srtp.protectRtcp(each)),
        ),
        packet,
      );
    }
    library.free(id);
  });

  test(`${suite}: RTP about the end of the numbers and RTCP, from libsrtp2 to us`, () => {
    const key = freshKey(suite, randomBytes);
    const srtp = new Srtp({ send: freshKey(suite, randomBytes), receive: key });
    const id = session(key, OUTBOUND);
    for (let n = 65_500; n < 65_600; n++) {
      const packet = rtp(n);
      const sealed = coded(library.protect, id, packet);
      assert.deepEqual(
        ours(sealed, (each) => srtp.open(each, 12, 0) === OPENED),
        packet,
      );
    }
    for (let n = 0; n < 5; n++) {
      const packet = report();
      const sealed = coded(library.protectRtcp, id, packet);
      assert.deepEqual(
        ours(sealed, (each) => srtp.openRtcp(each, 0) === OPENED),
        packet,
      );
    }
    library.free(id);
  });
}
