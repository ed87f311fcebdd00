/** What an audio line of WebRTC says beside RTP: ICE (ice.ts), DTLS, BUNDLE. RFC 8839, RFC 8842, RFC 8843, RFC 5761. */
import type sdpTransform from 'sdp-transform';
import {
  type IceAgreement,
  type IceLevel,
  type IceLine,
  type IceRaw,
  type LocalIce,
  printCandidate,
  printCredentials,
  readIce,
} from './ice.ts';

export type Setup = 'active' | 'passive' | 'actpass';
export type Fingerprint = { readonly hash: string; readonly value: string };

/** The far end's half. */
export type WebLine = {
  readonly ice: IceLine;
  readonly fingerprint: Fingerprint;
  readonly setup: Setup;
  /** Its line is in a BUNDLE group. */
  readonly bundled: boolean;
};

/** Ours. */
export type LocalWeb = {
  readonly ice: LocalIce;
  /** `sha-256 AB:CD…` */
  readonly fingerprint: string;
  readonly setup: Setup;
};

/** Of both, once agreed. */
export type WebAgreement = IceAgreement & {
  readonly remote: Pick<WebLine, 'fingerprint'>;
  /** Who begins the DTLS handshake: the client. Seen from us. */
  readonly role: 'client' | 'server';
};

/** RFC 8122 §5, without those that are broken. */
const hashes: ReadonlyMap<string, number> = new Map([
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);
const setups: ReadonlySet<string> = new Set(['active', 'passive', 'actpass']);

/** `m=audio … UDP/TLS/RTP/SAVPF`. */
export function isWeb(protocol: string): boolean {
  return protocol === 'UDP/TLS/RTP/SAVPF' || protocol === 'UDP/TLS/RTP/SAVP';
}

type Level = IceLevel & Pick<sdpTransform.SessionDescription, 'fingerprint' | 'setup' | 'groups'>;
type Line = Level & IceRaw & { type: string; port: number; protocol: string; rtcpMux?: string; mid?: string | number };

/** Reads it, where the line is of WebRTC; what is missing or out of bounds is a fault in words. */
export function readWeb(line: Line, session: Level): WebLine | string | undefined {
  if (!isWeb(line.protocol) || line.type !== 'audio' || line.port === 0) return undefined;
  const ice = readIce(line, session);
  if (typeof ice === 'string') return ice;
  const fingerprint = readFingerprint(line.fingerprint ?? session.fingerprint);
  if (typeof fingerprint === 'string') return fingerprint;
  const setup = String(line.setup ?? session.setup ?? 'actpass');
  if (!setups.has(setup)) return 'a=setup is none of active, passive, actpass';
  if (line.rtcpMux === undefined) return 'a=rtcp-mux is missing: one port carries RTP and RTCP';
  return {
    ice,
    fingerprint,
    setup: setup as Setup,
    bundled: isBundled(line, session),
  };
}

function readFingerprint(said: Level['fingerprint']): Fingerprint | string {
  const hash = String(said?.type ?? '').toLowerCase();
  const value = String(said?.hash ?? '').toUpperCase();
  const bytes = hashes.get(hash);
  if (bytes === undefined) return 'a=fingerprint is missing or its hash is none of sha-256, sha-384, sha-512';
  if (!/^[0-9A-F]{2}(:[0-9A-F]{2})*$/.test(value) || value.length !== bytes * 3 - 1)
    return 'a=fingerprint is malformed';
  return { hash, value };
}

function isBundled({ mid }: Line, { groups }: Level): boolean {
  if (mid === undefined) return false;
  return (groups ?? []).some(({ type, mids }) => type === 'BUNDLE' && String(mids).split(' ').includes(String(mid)));
}

/** RFC 5763 §5, RFC 8842 §5.3: who is asked either way lets the other begin, which can then begin at once. */
export function roleAgainst(theirs: Setup): 'client' | 'server' {
  return theirs === 'passive' ? 'client' : 'server';
}

/** Attributes of the session. */
export function printWebSession({ lite }: LocalIce, mid: string | undefined): string {
  return `${lite ? 'a=ice-lite\r\n' : ''}${mid === undefined ? '' : `a=group:BUNDLE ${mid}\r\n`}`;
}

/** Attributes of the line. */
export function printWebLine(web: LocalWeb, address: string, port: number): string {
  return (
    `a=rtcp:${port} IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}\r\na=rtcp-mux\r\n` +
    printCredentials(web.ice) +
    `a=fingerprint:${web.fingerprint}\r\na=setup:${web.setup}\r\n` +
    printCandidate(address, port) +
    // A page hears of a track only with the stream it belongs to. No a=ssrc: with one Chromium would give the track nothing
    // of another source, and a process that goes on with the keys of another must have a source of its own.
    'a=msid:graine audio\r\n'
  );
}
