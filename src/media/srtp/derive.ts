/** Session keys from a master key and its salt. RFC 3711 §4.3, with AES-256 as RFC 6188 §3 and the twelve octets of salt
 * that RFC 7714 §11 has. The key derivation rate is 0: keys are derived once. */
import { type SrtpKey, srtpSuites } from '../../sdp/index.ts';
import { Aes, layKeyStream } from './aes.ts';

/** RFC 3711 §4.3.2. */
const ENCRYPTION = 0;
const AUTHENTICATION = 1;
const SALTING = 2;
const RTCP = 3;
const AUTHENTICATION_OCTETS = 20;

export type SessionKeys = {
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly salt: Uint8Array;
};

export function sessionKeys({ suite, masterKey }: SrtpKey, stream: 'rtp' | 'rtcp'): SessionKeys {
  const { key, salt } = srtpSuites[suite];
  const master = Buffer.from(masterKey, 'base64');
  if (master.length !== key + salt) throw new Error(`a master key of ${suite} has ${key + salt} octets`);
  const aes = new Aes(master.subarray(0, key));
  const derive = (label: number, octets: number): Uint8Array =>
    derived({ aes, salt: master.subarray(key), label: label + (stream === 'rtcp' ? RTCP : 0), octets });
  return {
    encryption: derive(ENCRYPTION, key),
    authentication: derive(AUTHENTICATION, AUTHENTICATION_OCTETS),
    salt: derive(SALTING, salt),
  };
}

/** The label is the first octet of the seven that are added to the end of the 14 of salt: §4.3.1. */
function derived(from: { aes: Aes; salt: Uint8Array; label: number; octets: number }): Uint8Array {
  const block = new Uint8Array(16);
  block.set(from.salt);
  block[7] = block[7]! ^ from.label;
  const view = new DataView(block.buffer);
  const counter = Int32Array.from({ length: 4 }, (_, w) => view.getInt32(w * 4));
  const out = new Uint8Array(from.octets);
  layKeyStream(from.aes, counter, out, 0, out.length);
  return out;
}
