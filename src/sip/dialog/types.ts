/** What a dialog shows to whoever uses it. The agent's door passes these on. */
import type { Emitter } from '../../base/index.ts';
import type { SipRequest, SipResponse, SipUri } from '../message/index.ts';
import type { Hop, Source } from '../transaction/index.ts';

/** What our Supported says: RFC 3262, 4028, 3891, 4488, 8840. */
export const supportedOptions = '100rel, timer, replaces, norefersub, trickle-ice';
export const withoutTimer = '100rel, replaces, norefersub';

/** INFO that we take for what it is: RFC 6086 §5.2. */
export const infoPackages = 'trickle-ice';

export type ExtraHeader = readonly [name: string, value: string];

/** RFC 3326. */
export type Reason = { readonly protocol: 'SIP' | 'Q.850'; readonly cause: number; readonly text: string };

/** A request inside a dialog that someone must answer. Reply exactly once; ACK is never one. */
export interface InDialogRequest {
  readonly request: SipRequest;
  readonly method: string;
  readonly sdp: Buffer | undefined;
  reply(options: {
    status: number;
    reason?: string;
    sdp?: Buffer;
    headers?: readonly ExtraHeader[];
    contentType?: string;
    body?: Buffer;
  }): void;
}

export type RequestOptions = {
  readonly headers?: readonly ExtraHeader[];
  readonly contentType?: string;
  readonly body?: Buffer;
  /** The request belongs to a subscription that lives in the call's dialog: that the peer no longer knows it (481) or did not
   * answer (408) ends the subscription, not the call. RFC 5057 §5.1. */
  readonly ownUsage?: boolean;
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
  /** Our Contact value. */
  readonly contact: string;
  /** Where requests go whatever the target says (a device behind NAT). */
  readonly hop?: Hop;
  readonly callIdOurs: boolean;
  readonly peerUpdates: boolean;
  /** Our SDP in force: what a session refresh by re-INVITE repeats. */
  readonly sdp?: string;
  readonly sessionExpires?: {
    readonly seconds: number;
    readonly refresher: 'local' | 'remote';
    readonly deadline: number;
  };
};

/** What an offer of ours that met one of the peer's does. While we wait to try again, the peer's goes first. */
export type Glare = {
  /** 491 came: the offer is out of the way, and one of the peer may be taken. */
  withdraw(): void;
  /** The offer to try again with; undefined: give up, with the 491. */
  again(): Buffer | undefined;
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
    /** re-INVITE with or without an offer, or UPDATE with one. Must be replied to; 491 glare is handled inside, and an
     * UPDATE without an offer (a session refresh) is answered inside. */
    reinvite: [request: InDialogRequest];
    /** The answer to a refresh of ours by re-INVITE, which offered the session's SDP as it is. */
    refreshed: [answer: Buffer];
    /** INFO, MESSAGE, REFER, NOTIFY, OPTIONS… Must be replied to. */
    request: [request: InDialogRequest];
    ended: [end: DialogEnd];
  }>;
  /** Sends a re-INVITE (no `sdp`: late offer). Resolves with the final response; ACK is sent inside. Retries 491 after
   * the delay of RFC 3261 §14.1 once. For a late offer `answer` makes the SDP of the ACK from the 200's offer. */
  reinvite(options: {
    sdp?: Buffer;
    headers?: readonly ExtraHeader[];
    answer?: (offer: Buffer) => Buffer;
    glare?: Glare;
  }): Promise<SipResponse>;
  /** Sends any other request in the dialog; resolves with the final response (408 or 503 made here when none came). */
  request(method: string, options?: RequestOptions): Promise<SipResponse>;
  /** Ends it. Sends BYE (after the ACK came or timed out, RFC 3261 §15); `ended` follows at once with by 'local'. */
  bye(options?: { headers?: readonly ExtraHeader[]; reason?: Reason }): void;
  /** Tells the peer our Contact: UPDATE where it takes that, else a re-INVITE that changes nothing. RFC 3261 §12.2. */
  showContact(): Promise<SipResponse>;
  /** Ends it here without a word: another node carries it on. */
  abandon(): void;
  /** Plain data from which `agent.restore` makes the dialog again. */
  snapshot(): DialogSnapshot;
}
