/** Which audio line of an offer is answered, and which keys an answer leaves: what a leg's policy says of RTP/AVP and
 * RTP/SAVP. RFC 3711, RFC 4568 §5.1, §7.1. */
import {
  chooseCrypto,
  type CryptoLine,
  freshKey,
  offeredSuites,
  sameKey,
  type SrtpKeys,
  type SrtpPolicy,
  type SrtpSuite,
} from './crypto.ts';
import { type MediaLine, parseSdp } from './description.ts';

/** May a leg's audio be encrypted, and where its keys come from. */
export type Security = { readonly policy: SrtpPolicy; readonly bytes: (length: number) => Buffer };

/** A line of the far end's offer that we can answer, with the key it sends with. */
export type Chosen = { readonly audio: MediaLine; readonly crypto: CryptoLine | undefined };

function isSpoken({ type, port }: MediaLine): boolean {
  return type === 'audio' && port !== 0;
}

export function isPlain({ protocol }: MediaLine): boolean {
  return protocol === 'RTP/AVP' || protocol === 'RTP/AVPF';
}

export function isSecure({ protocol }: MediaLine): boolean {
  return protocol === 'RTP/SAVP' || protocol === 'RTP/SAVPF';
}

/** The encrypted line before the plain one, where both are offered and the policy has a choice; else why there is none. */
export function chooseLine(lines: readonly MediaLine[], policy: SrtpPolicy): Chosen | string {
  const audio = lines.filter(isSpoken);
  if (audio.length === 0) return 'the SDP has no audio line in use';
  let refused: string | undefined;
  if (policy !== 'none')
    for (const line of audio.filter(isSecure)) {
      const crypto = chooseCrypto(line.crypto ?? []);
      if (typeof crypto === 'object') return { audio: line, crypto };
      refused ??= `none of the SRTP keys offered can be used: ${crypto}`;
    }
  const plain = policy === 'require' ? undefined : audio.find(isPlain);
  if (plain !== undefined) return { audio: plain, crypto: undefined };
  if (refused !== undefined) return refused;
  const offered = audio.map(({ protocol }) => protocol).join(', ');
  return policy === 'require'
    ? `SRTP is required here: offer RTP/SAVP with a=crypto, not ${offered}`
    : policy === 'none' && audio.some(isSecure)
      ? 'SRTP is not allowed here: offer RTP/AVP'
      : `the audio line wants ${offered}, this leg speaks RTP/AVP${policy === 'none' ? '' : ' and RTP/SAVP'}`;
}

/** Why an offer's audio, which could be talked about, does not go with the policy; undefined when it does, or when
 * something else is wrong with it. */
export function policyFault(offer: Buffer, policy: SrtpPolicy): string | undefined {
  const read = parseSdp(offer);
  if (!read.ok || !read.sdp.media.some((line) => isSpoken(line) && (isPlain(line) || isSecure(line)))) return undefined;
  const chosen = chooseLine(read.sdp.media, policy);
  return typeof chosen === 'string' ? chosen : undefined;
}

/** Our key lines in an offer: that of the keys in force, which a hold or a refresh must not change, else a new one for
 * each suite. */
export function offeredLines(
  inForce: SrtpKeys | undefined,
  bytes: Security['bytes'],
  suites: readonly SrtpSuite[] = offeredSuites,
): CryptoLine[] {
  if (inForce !== undefined) return [{ tag: 1, ...inForce.send }];
  return suites.map((suite, at) => ({ tag: at + 1, ...freshKey(suite, bytes) }));
}

/** The same suite with a key of ours that nobody had before. */
export function renewed(keys: SrtpKeys, bytes: Security['bytes']): SrtpKeys {
  return { ...keys, send: freshKey(keys.send.suite, bytes) };
}

/** Our key in an answer: as it was while the far end's is, a new one for each new one of its (RFC 4568 §7.1.4). */
export function answeredLine(far: CryptoLine, inForce: SrtpKeys | undefined, bytes: Security['bytes']): CryptoLine {
  const kept = sameKey(inForce?.receive, far) && inForce?.send.suite === far.suite;
  return { tag: far.tag, ...(kept ? inForce.send : freshKey(far.suite, bytes)) };
}

/** What the answer to `offered` leaves: keys, undefined for audio in the clear, or what is wrong with it. */
export function agreedKeys(
  answer: MediaLine,
  offered: readonly CryptoLine[],
  policy: SrtpPolicy,
): SrtpKeys | undefined | string {
  if (isPlain(answer)) {
    if (offered.length === 0 || policy !== 'require') return undefined;
    return 'SRTP is required here, and the answer is in the clear';
  }
  if (!isSecure(answer)) return `the answer wants ${answer.protocol}`;
  if (offered.length === 0) return 'the answer wants SRTP, which was not offered';
  if (answer.crypto?.length !== 1) return 'the answer must have one a=crypto line';
  const far = chooseCrypto(answer.crypto);
  if (typeof far === 'string') return far;
  const own = offered.find(({ tag }) => tag === far.tag);
  if (own === undefined || own.suite !== far.suite) return 'the answer took an SRTP suite that was not offered';
  return keysOf(own, far);
}

export function keysOf(own: CryptoLine, far: CryptoLine): SrtpKeys {
  return {
    send: { suite: own.suite, masterKey: own.masterKey },
    receive: { suite: far.suite, masterKey: far.masterKey },
  };
}
