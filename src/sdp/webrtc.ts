/** What an audio line of WebRTC says beside RTP: ICE, DTLS, BUNDLE. We are an ICE-lite agent (RFC 8445 §2.5): the far end
 * finds the way to our one address, so its candidates are of no use to us and none is ever sent to; that is why they may
 * be as many and as wild as they like, trickled or not. RFC 8839, RFC 8842, RFC 8843, RFC 5761. */
import type sdpTransform from 'sdp-transform';

export type IceCredentials = { readonly ufrag: string; readonly pwd: string };
export type Setup = 'active' | 'passive' | 'actpass';
export type Fingerprint = { readonly hash: string; readonly value: string };

/** The far end's half. */
export type WebLine = {
  readonly ice: IceCredentials;
  readonly fingerprint: Fingerprint;
  readonly setup: Setup;
  /** It waits to be found, as we do: there is nobody to ask, its address must be right. */
  readonly lite: boolean;
  /** Its line is in a BUNDLE group. */
  readonly bundled: boolean;
};

/** Ours. */
export type LocalWeb = {
  readonly ice: IceCredentials;
  /** `sha-256 AB:CD…` */
  readonly fingerprint: string;
  readonly setup: Setup;
  readonly ssrc: number;
};

/** Of both, once agreed. */
export type WebAgreement = {
  readonly local: IceCredentials;
  readonly remote: Pick<WebLine, 'fingerprint' | 'lite'> & { readonly ufrag: string };
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
/** RFC 8839 §5.4. */
const ICE_TOKEN = /^[A-Za-z0-9+/]+$/;
/** Preference of the one host candidate: RFC 8445 §5.1.2.1. */
const PRIORITY = 2_130_706_431;

/** `m=audio … UDP/TLS/RTP/SAVPF`. */
export function isWeb(protocol: string): boolean {
  return protocol === 'UDP/TLS/RTP/SAVPF' || protocol === 'UDP/TLS/RTP/SAVP';
}

type Level = Pick<
  sdpTransform.SessionDescription,
  'fingerprint' | 'iceUfrag' | 'icePwd' | 'setup' | 'icelite' | 'groups'
>;
type Line = Level & { type: string; port: number; protocol: string; rtcpMux?: string; mid?: string | number };

/** Reads it, where the line is of WebRTC; what is missing or out of bounds is a fault in words. */
export function readWeb(line: Line, session: Level): WebLine | string | undefined {
  if (!isWeb(line.protocol) || line.type !== 'audio' || line.port === 0) return undefined;
  const ice = readIce(line.iceUfrag ?? session.iceUfrag, line.icePwd ?? session.icePwd);
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
    lite: session.icelite !== undefined,
    bundled: isBundled(line, session),
  };
}

/** The grammar's library makes numbers of what looks like one. */
function readIce(name: unknown = '', secret: unknown = ''): IceCredentials | string {
  const [ufrag, pwd] = [String(name), String(secret)];
  if (!ICE_TOKEN.test(ufrag) || ufrag.length < 4 || ufrag.length > 256) return 'a=ice-ufrag is missing or wrong';
  if (!ICE_TOKEN.test(pwd) || pwd.length < 22 || pwd.length > 256) return 'a=ice-pwd is missing or wrong';
  return { ufrag, pwd };
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
export function printWebSession(mid: string | undefined): string {
  return `a=ice-lite\r\n${mid === undefined ? '' : `a=group:BUNDLE ${mid}\r\n`}`;
}

/** Attributes of the line. */
export function printWebLine(web: LocalWeb, address: string, port: number): string {
  return (
    `a=rtcp:${port} IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}\r\na=rtcp-mux\r\n` +
    `a=ice-ufrag:${web.ice.ufrag}\r\na=ice-pwd:${web.ice.pwd}\r\n` +
    `a=fingerprint:${web.fingerprint}\r\na=setup:${web.setup}\r\n` +
    `a=candidate:1 1 udp ${PRIORITY} ${address} ${port} typ host\r\na=end-of-candidates\r\n` +
    // A page hears of a track only with the stream it belongs to.
    `a=msid:graine audio\r\na=ssrc:${web.ssrc} cname:graine\r\n`
  );
}
