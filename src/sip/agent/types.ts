/** SIP's door, as call control sees it: invitations in, invitations out, dialogs. Everything below (transports,
 * transactions, retransmissions, PRACK, digest, session timers) stays behind it. */
import type { Emitter } from '../../base/index.ts';
import type { NameAddr, SipRequest, SipResponse, SipUri } from '../message/index.ts';

/** Where a message came from, as the transport saw it (never what its headers claim). */
export type Source = {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The connection it came over, for reliable transports; lets a reply or a call go back down it. */
  readonly connectionId?: string;
};

/** Where to send. `connectionId` first when it still lives, else address and port. */
export type Hop = {
  readonly transport: Source['transport'];
  readonly address: string;
  readonly port: number;
  readonly connectionId?: string;
};

export type ExtraHeader = readonly [name: string, value: string];

/** RFC 3326. */
export type Reason = { readonly protocol: 'SIP' | 'Q.850'; readonly cause: number; readonly text: string };

export type Credentials = { readonly username: string; readonly password: string; readonly realm?: string };

/** Who is calling, as far as it was proved. Decided before call control sees the invitation. */
export type CallerIdentity =
  | { readonly kind: 'carrier'; readonly carrierSid: string; readonly accountSid: string; readonly gatewaySid: string }
  | { readonly kind: 'user'; readonly clientSid: string; readonly accountSid: string; readonly username: string; readonly realm: string };

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
  /** Outbound proxy: pre-loaded Route (`sip:host;lr`). */
  readonly route?: string;
  readonly sdp?: Buffer;
  readonly headers?: readonly ExtraHeader[];
  /** Answers 401/407 of this target only, once per nonce (stale counts as new). Never sent elsewhere. */
  readonly credentials?: Credentials;
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

/** What ended an INVITE without a dialog. `status` is 408 for timeout, 503 for transport errors, 487 for cancelled. */
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

/** A request inside a dialog that someone must answer. Reply exactly once; ACK is never one. */
export interface InDialogRequest {
  readonly request: SipRequest;
  readonly method: string;
  readonly sdp: Buffer | undefined;
  reply(options: { status: number; reason?: string; sdp?: Buffer; headers?: readonly ExtraHeader[]; contentType?: string; body?: Buffer }): void;
}

export type RequestOptions = {
  readonly headers?: readonly ExtraHeader[];
  readonly contentType?: string;
  readonly body?: Buffer;
};

/** Why a dialog is over. */
export type DialogEnd = {
  /** 'local': we sent BYE. 'remote': the peer did. 'timeout': no ACK, no answer to a refresh, 408 or 481. 'transport': unreachable. */
  readonly by: 'local' | 'remote' | 'timeout' | 'transport';
  readonly reason: Reason | undefined;
  readonly request: SipRequest | undefined;
};

/** Everything needed to carry a confirmed dialog on in another process. Plain data. */
export type DialogSnapshot = {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localCSeq: number;
  readonly remoteCSeq: number;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly secure: boolean;
  readonly sessionExpires?: { readonly seconds: number; readonly refresher: 'local' | 'remote'; readonly deadline: number };
};

/** A confirmed dialog. RFC 3261 §12. One way to close: bye(). */
export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly remoteTarget: SipUri;
  readonly source: Source | undefined;
  readonly events: Emitter<{
    /** The ACK of our 200 came, with the answer when our 200 carried the offer. */
    acknowledged: [answer: Buffer | undefined];
    /** re-INVITE or UPDATE with or without an offer. Must be replied to; 491 glare is handled inside. */
    reinvite: [request: InDialogRequest];
    /** INFO, MESSAGE, REFER, NOTIFY, OPTIONS… Must be replied to. */
    request: [request: InDialogRequest];
    ended: [end: DialogEnd];
  }>;
  /** Sends a re-INVITE (no `sdp`: late offer). Resolves with the final response; ACK is sent inside. Retries 491 after
   * the delay of RFC 3261 §14.1 once. For a late offer `answer` makes the SDP of the ACK from the 200's offer. */
  reinvite(options: { sdp?: Buffer; headers?: readonly ExtraHeader[]; answer?: (offer: Buffer) => Buffer }): Promise<SipResponse>;
  /** Sends any other request in the dialog; resolves with the final response (408 or 503 made here when none came). */
  request(method: string, options?: RequestOptions): Promise<SipResponse>;
  /** Ends it. Sends BYE (after the ACK came or timed out, RFC 3261 §15); `ended` follows at once with by 'local'. */
  bye(options?: { headers?: readonly ExtraHeader[]; reason?: Reason }): void;
  /** Plain data from which `agent.restore` makes the dialog again. */
  snapshot(): DialogSnapshot;
}
