/** What an offer of ours is to be like. */
import type { SrtpPolicy, SrtpSuite } from './crypto.ts';
import type { Direction, Format } from './description.ts';

export type OfferOptions = {
  readonly prefer?: readonly Format[] | undefined;
  readonly direction?: Direction;
  /** Of the first offer, before anything is agreed: who it goes to may or must speak SRTP. Left out: the leg's own
   * policy, and then SRTP is offered only where it is required, since nobody could say no. */
  readonly srtp?: SrtpPolicy | undefined;
  /** Of SRTP, best first, where who it goes to speaks no others; left out: all of ours. */
  readonly suites?: readonly SrtpSuite[] | undefined;
  /** RTCP may come to the port of RTP; left out: as it is in force. */
  readonly rtcpMux?: boolean | undefined;
  /** As a browser wants it; left out: as it is in force. */
  readonly web?: boolean | undefined;
  /** With SRTP: it may be found by ICE; left out: as it is in force. */
  readonly ice?: boolean | undefined;
};
