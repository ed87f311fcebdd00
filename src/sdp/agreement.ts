/** What an offer and its answer come to. */
import type { Agreed } from './codecs.ts';
import type { SrtpKeys } from './crypto.ts';
import type { Direction, MediaLine } from './description.ts';
import type { IceAgreement } from './ice.ts';
import type { WebAgreement } from './webrtc.ts';

/** What both ends agreed on, as the media engine wants to know it. */
export type Agreement = {
  readonly remote: { readonly address: string; readonly port: number; readonly rtcpPort?: number };
  /** RTCP shares the port of RTP at both ends, RFC 5761; of WebRTC that goes without saying. */
  readonly rtcpMux?: true;
  readonly payloads: readonly Agreed[];
  /** Seen from us. */
  readonly direction: Direction;
  readonly ptime: number;
  /** Keys of SRTP; undefined: in the clear. Secret. */
  readonly srtp?: SrtpKeys;
  /** The far end is a browser, or speaks like one: keys come by DTLS. */
  readonly web?: WebAgreement;
  /** The far end of SRTP with keys in SDP is found by ICE. */
  readonly ice?: IceAgreement;
};

type Way = {
  direction: Direction;
  srtp: SrtpKeys | undefined;
  web: WebAgreement | undefined;
  mux: boolean;
  ice: IceAgreement | undefined;
};

export function agreementOf(
  audio: MediaLine,
  payloads: readonly Agreed[],
  { direction, srtp, web, mux, ice }: Way,
): Agreement {
  const { address, port, ptime = 20 } = audio;
  const rtcpPort = mux ? port : audio.rtcpPort;
  const remote = rtcpPort === undefined ? { address, port } : { address, port, rtcpPort };
  // What most calls have none of is added to the few: a literal with five conditions in it costs several times as much.
  const agreement: { -readonly [name in keyof Agreement]: Agreement[name] } = { remote, payloads, direction, ptime };
  if (mux) agreement.rtcpMux = true;
  if (srtp !== undefined) agreement.srtp = srtp;
  if (web !== undefined) agreement.web = web;
  if (ice !== undefined) agreement.ice = ice;
  return agreement;
}
