/** ICE and DTLS of a far end, as rtpengine is told of them, and its own half of them. RFC 8839, RFC 8842. */
import type { IceSettings, StreamSettings } from '../../ports/index.ts';
import { type IceCredentials, parseSdp } from '../../sdp/index.ts';

/** rtpengine's half, which our SDP shows: as `a=fingerprint` has it, and its credentials of ICE for this far end. */
export type OwnWeb = { readonly fingerprint: string; readonly ice: IceCredentials };
/** What a far end has said of itself. */
export type FarWeb = { readonly ice?: IceSettings | undefined; readonly dtls?: Dtls | undefined };
type Dtls = {
  readonly fingerprint: { readonly hash: string; readonly value: string };
  readonly role: 'client' | 'server';
};

/** rtpengine is the lite agent, so it asks nobody and needs no more of a far end than that it speaks ICE. Told of others later
 * on it would take other credentials of its own: a far end that restarts finds those that it knows. */
const ANYONE = { ufrag: 'anyone00', pwd: 'nobody-is-asked-with-this'.replaceAll('-', '0') };

export function webOf(settings: StreamSettings | undefined): FarWeb {
  const { web, ice } = settings ?? {};
  if (web === undefined) return ice === undefined ? {} : { ice };
  return { ice: web, dtls: { fingerprint: web.remote.fingerprint, role: web.role } };
}

/** Lines of the far end's own SDP. A lite one is looked for, so rtpengine must know where. */
export function linesOf({ ice, dtls }: FarWeb): readonly string[] {
  if (ice === undefined) return [];
  const { seek, ufrag } = ice.remote;
  const { ufrag: name, pwd } = seek === undefined ? ANYONE : { ufrag, pwd: seek.pwd };
  const candidates = (seek?.candidates ?? []).map(
    ({ address, port }, n) => `a=candidate:${n + 1} 1 udp ${2_130_706_431 - n} ${address} ${port} typ host`,
  );
  const lines = ['a=rtcp-mux', `a=ice-ufrag:${name}`, `a=ice-pwd:${pwd}`, ...candidates];
  if (dtls === undefined) return lines;
  const { hash, value } = dtls.fingerprint;
  return [...lines, `a=fingerprint:${hash} ${value}`, `a=setup:${dtls.role === 'server' ? 'active' : 'passive'}`];
}

/** Whom rtpengine is the lite agent for. */
export function liteTowards(from: FarWeb, to: FarWeb): 'both' | 'forward' | 'backward' | 'off' {
  const [back, forth] = [from, to].map(({ ice }) => ice !== undefined && ice.remote.seek === undefined);
  return back ? (forth ? 'both' : 'backward') : forth ? 'forward' : 'off';
}

/** What rtpengine would say of itself; undefined when that is not all there. */
export function ownWeb(sdp: unknown): OwnWeb | undefined {
  if (typeof sdp !== 'string') return undefined;
  const read = parseSdp(Buffer.from(sdp));
  const web = read.ok ? read.sdp.media[0]?.web : undefined;
  if (web === undefined) return undefined;
  const { fingerprint, ice } = web;
  return { fingerprint: `${fingerprint.hash} ${fingerprint.value}`, ice: { ufrag: ice.ufrag, pwd: ice.pwd } };
}
