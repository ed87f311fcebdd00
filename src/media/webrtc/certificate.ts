/** The certificate a process shows in DTLS: made anew at each start, signed by itself. Nobody believes it for its own
 * sake: its fingerprint goes with the signalling. RFC 8827 §6.5, RFC 8122. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

export type Certificate = {
  /** DER, X.509. */
  readonly certificate: Uint8Array;
  /** DER, SEC 1. Secret. */
  readonly key: Uint8Array;
  /** As an SDP attribute has it: `sha-256 AB:CD:…`. */
  readonly fingerprint: string;
};

const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
/** commonName=graine: WebRTC has no use for names. */
const NAME = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('graine')))));
const DAY_MS = 86_400_000;
const YEARS = 10;

/** `now`: milliseconds since the epoch. */
export function createCertificate(now: number, serial: Uint8Array): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = der(
    0x30,
    // Positive and shortest: the first bit of the serial is 0, the second 1.
    der(0x02, Buffer.from([0x40 | (serial[0]! & 0x3f), ...serial.subarray(1)])),
    ECDSA_WITH_SHA256,
    NAME,
    der(0x30, time(now - DAY_MS), time(now + YEARS * 365 * DAY_MS)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = der(0x30, body, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature));
  return {
    certificate,
    key: privateKey.export({ type: 'sec1', format: 'der' }),
    fingerprint: fingerprintOf(createHash('sha256').update(certificate).digest()),
  };
}

function fingerprintOf(digest: Buffer): string {
  return `sha-256 ${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':')}`;
}

/** One DER element. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

/** GeneralizedTime; RFC 5280 wants UTCTime before 2050, which everybody reads too. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}
