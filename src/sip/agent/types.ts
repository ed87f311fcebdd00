/** SIP's door, as call control sees it: invitations in, invitations out, dialogs. Everything below (transports,
 * transactions, retransmissions, PRACK, digest, session timers) stays behind it. */
import type { Emitter } from '../../base/index.ts';
import type { Dialog, ExtraHeader, InDialogRequest, Reason } from '../dialog/index.ts';
import type { NameAddr, SipRequest, SipResponse } from '../message/index.ts';
import type { Hop, Source } from '../transaction/index.ts';

// Defined where they are made; the door shows them all.
export type {
  Dialog,
  DialogEnd,
  DialogSnapshot,
  ExtraHeader,
  Glare,
  InDialogRequest,
  Reason,
  RequestOptions,
} from '../dialog/index.ts';
export type { Hop, Source } from '../transaction/index.ts';

export type Credentials = { readonly username: string; readonly password: string; readonly realm?: string };

/** Who is calling, as far as it was proved. Decided before call control sees the invitation. */
export type CallerIdentity =
  | { readonly kind: 'carrier'; readonly carrierSid: string; readonly accountSid: string; readonly gatewaySid: string }
  | {
      readonly kind: 'user';
      readonly clientSid: string;
      readonly accountSid: string;
      readonly username: string;
      readonly realm: string;
    }
  /** A tenant of Microsoft Teams. `contactHost`: the only name for us that goes through there. */
  | {
      readonly kind: 'teams';
      readonly tenantSid: string;
      readonly accountSid: string;
      readonly contactHost: string;
    };

/** An INVITE that came to another process and was not answered by it. Plain data; `request` in base64. */
export type LeftInvitation = { readonly request: string; readonly source: Source; readonly localTag: string };

/** An INVITE that another process sent and whose end it did not see. Plain data; `request` in base64. */
export type LeftCall = { readonly request: string; readonly hop: Hop };

/** An INVITE that came in, not yet finally answered: the UAS side. RFC 3261 §13.3.
 * Exactly one of accept, reject or the `cancelled` event ends it. */
export interface Invitation {
  readonly request: SipRequest;
  readonly source: Source;
  readonly caller: CallerIdentity;
  readonly callId: string;
  readonly from: NameAddr;
  readonly to: NameAddr;
  /** The caller's offer, undefined when it wants one from us (late offer). */
  readonly offer: Buffer | undefined;
  /** While it is unanswered: for a process that finds it so. */
  snapshot(): LeftInvitation;
  readonly events: Emitter<{
    /** The caller gave up (CANCEL, or its transport died). 487 has been sent. The invitation is over. */
    cancelled: [reason: Reason | undefined];
    /** A reliable provisional was acknowledged; with the answer if our 18x carried an offer. */
    prack: [answer: Buffer | undefined];
    /** An UPDATE before the answer (RFC 3311); must be replied to. */
    update: [request: InDialogRequest];
  }>;
  /** Sends 100 to 199 with or without SDP. Reliable (RFC 3262) when the caller requires it, or supports it and there is SDP. */
  progress(options: { status: number; reason?: string; sdp?: Buffer; headers?: readonly ExtraHeader[] }): void;
  /** Sends 200. The dialog is confirmed when the ACK comes; it ends by itself when none comes (RFC 3261 §13.3.1.4). */
  accept(options: { sdp?: Buffer; headers?: readonly ExtraHeader[] }): Dialog;
  /** Sends 300 to 699. */
  reject(options: { status: number; reason?: string; headers?: readonly ExtraHeader[] }): void;
}

export type InviteOptions = {
  /** Request-URI, sent as given. */
  readonly uri: string;
  readonly from: { readonly displayName?: string; readonly uri: string };
  /** Defaults to `uri`. */
  readonly to?: string;
  /** User part of our Contact. */
  readonly contactUser?: string;
  /** Host (and port) of our Contact where it must not be our own address (Teams). */
  readonly contactHost?: string;
  /** Next hops to try in order (RFC 3263 §4.3: the next on transport error, timeout or 503). Else resolved from `route` or `uri`. */
  readonly hops?: readonly Hop[];
  /** A URI resolved in place of `route` or `uri`; the request itself does not show it. */
  readonly nextHop?: string;
  /** Outbound proxy: pre-loaded Route (`sip:host;lr`). */
  readonly route?: string;
  readonly sdp?: Buffer;
  readonly headers?: readonly ExtraHeader[];
  /** Answers 401/407 of this target only, once per nonce (stale counts as new). Never sent elsewhere. */
  readonly credentials?: Credentials;
  /** Of a late offer (no `sdp`): makes the SDP of the ACK (or PRACK) from the peer's offer. */
  readonly answer?: (offer: Buffer) => Buffer;
  /** The whole dialog goes to the hop that was used, whatever the peer's Contact says: a device behind NAT. */
  readonly pinned?: boolean;
  /** Hops left: of a call we pass on, one less than it came with. Default 70. */
  readonly maxForwards?: number;
  /** Value of Allow; default: all we do. */
  readonly allow?: string;
  /** Offer session timers (RFC 4028); default true. */
  readonly sessionTimer?: boolean;
  /** Give up when no final response came: default 64·T1 without a provisional; then the caller's own ring timer rules. */
  readonly callId?: string;
};

/** A provisional response other than 100. */
export type Progress = {
  readonly status: number;
  readonly reason: string;
  readonly sdp: Buffer | undefined;
  /** Which fork of the INVITE (the To tag); early media of two forks are two streams. */
  readonly fork: string;
  readonly response: SipResponse;
};

/** What ended an INVITE without a dialog. `status` is 408 for timeout, 503 for transport errors (480: the device's
 * own connection is gone), 487 for cancelled. */
export type Failure = {
  readonly status: number;
  readonly reason: string;
  /** 'response': the peer said so. Else nobody did and `status` is ours. */
  readonly by: 'response' | 'timeout' | 'transport' | 'cancelled';
  readonly response: SipResponse | undefined;
  /** Contacts of a 3xx. */
  readonly contacts?: readonly string[];
};

/** An INVITE we sent: the UAC side, all forks of it. Ends with exactly one of `answered` or `failed`.
 * A 200 that crosses our CANCEL, or comes from a second fork, is ACKed and BYEd inside; nobody above hears of it. */
export interface OutgoingCall {
  readonly callId: string;
  /** The attempt under way; undefined before the first. */
  snapshot(): LeftCall | undefined;
  readonly events: Emitter<{
    /** The request left for this hop: once an attempt. */
    sent: [request: SipRequest, hop: Hop];
    progress: [progress: Progress];
    answered: [dialog: Dialog, sdp: Buffer | undefined, response: SipResponse];
    failed: [failure: Failure];
  }>;
  /** Gives up: CANCEL as soon as a provisional came, with the Reason; ends with `failed` (by 'cancelled') at the latest
   * 64·T1 later. Returns at once; calling twice does nothing. */
  cancel(reason?: Reason): void;
}
