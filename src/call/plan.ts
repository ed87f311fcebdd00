/** How one target is to be reached: which INVITEs, in which order. Made by routing, carried out by OutboundLeg. */
import type { SrtpPolicy, SrtpSuite } from '../sdp/index.ts';
import type { Credentials, ExtraHeader, Hop } from '../sip/agent/index.ts';
import type { FinalStatus } from './leg-state.ts';
import type { Limits } from './limits/shared-limit.ts';

/** One INVITE. */
export type Branch = {
  readonly uri: string;
  readonly to?: string;
  readonly from: { readonly displayName?: string; readonly uri: string };
  readonly contactUser?: string;
  /** Host and port of our Contact where it must not be our own address. */
  readonly contactHost?: string;
  readonly hops?: readonly Hop[];
  readonly route?: string;
  /** Resolved in place of `uri`, without a Route in the request. */
  readonly nextHop?: string;
  /** The path is fixed: in-dialog requests take it too (a device behind NAT). */
  readonly pinned?: boolean;
  /** The far end itself, where the request goes through an edge proxy of ours; `address` is empty when only DNS knows. */
  readonly far?: { readonly address: string; readonly transport: Hop['transport'] };
  /** The edge says (430) that the connection the device registered over is gone. RFC 5626 §5.3.1. */
  readonly onFlowFailed?: () => void;
  /** Other flows of the same device: the next is tried when this one fails. RFC 5626 §6. */
  readonly flows?: readonly Branch[];
  /** A browser is there: it is offered WebRTC. 'only': a far end that wants none of it is offered nothing else. */
  readonly web?: boolean | 'only';
  readonly headers: readonly ExtraHeader[];
  readonly credentials?: Credentials;
  /** Is its audio encrypted; left out: 'none'. */
  readonly srtp?: SrtpPolicy;
  /** The only ones it speaks; left out: all of ours. */
  readonly suites?: readonly SrtpSuite[];
  /** It takes RTCP on the port of RTP. */
  readonly rtcpMux?: boolean;
  /** With SRTP: it may find us by ICE. */
  readonly ice?: boolean;
  /** What its INVITE allows; left out: all we do. */
  readonly allow?: string;
  /** False: no session timer is offered. */
  readonly sessionTimer?: boolean;
  /** Whose capacity it takes. */
  readonly carrier?: { readonly sid: string; readonly name: string; readonly limits: Limits };
  /** Give up on this branch for the next when nothing at all came back for so long, ms. */
  readonly silenceMs?: number;
};

export type Plan = {
  /** Of the call this one continues, one less than it came with (attack A6: loops end). */
  readonly maxForwards?: number;
  /** parallel: all contacts of a user. failover: gateway after gateway. */
  readonly mode: 'parallel' | 'failover';
  readonly trunk: string;
  readonly branches: readonly Branch[];
};

/** A target that cannot be tried at all. */
export type NoPlan = {
  readonly refused: {
    readonly status: FinalStatus;
    readonly sipStatus: number;
    readonly reason: string;
    readonly alert?: 'no-carrier' | 'dial-refused';
  };
};
