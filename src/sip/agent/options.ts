/** What an agent is made of, and the door it opens. */
import type { Clock, Emitter, Log, Random } from '../../base/index.ts';
import type { Binding, Door, LiveStore, Whereabouts } from '../../ports/index.ts';
import type { Dialog, DialogSnapshot, ExtraHeader, Reason } from '../dialog/index.ts';
import type { SipMessage, SipRequest } from '../message/index.ts';
import type { FaultListener, Hop, SipTimers, Source } from '../transaction/index.ts';
import type {
  CallerIdentity,
  Credentials,
  Invitation,
  InviteOptions,
  LeftCall,
  LeftInvitation,
  OutgoingCall,
} from './types.ts';

/** What the agent knows of a source before any hook is called. */
export type Identification =
  | CallerIdentity
  /** Prove to be a user of this realm. */
  | { readonly kind: 'challenge'; readonly realm: string }
  /** 403, counted towards the ban of its source. `why` is told to it: for peers that can mend it. */
  | { readonly kind: 'forbidden'; readonly why?: string };

/** A user with the secret to check a digest against: its password, or MD5 and SHA-256 of `username:realm:password`. */
export type UserSecret = {
  readonly clientSid: string;
  readonly accountSid: string;
  readonly secret: { readonly password: string } | { readonly md5: string; readonly sha256?: string };
};

/** The network as the agent needs it; the transport layer, or memory in tests with a fake clock. */
export interface Network {
  /** Who hears of messages; set once by the agent. */
  onMessage: (message: SipMessage, source: Source) => void;
  /** Never throws; tells the listener when the bytes could not leave, later and never inside this call. */
  send(bytes: Buffer, to: Hop, listener?: FaultListener): void;
  /** Back where the request came from. */
  reply(bytes: Buffer, to: Source, listener?: FaultListener): void;
  /** `host:port` of ours that a peer at this hop can reach: Via sent-by and Contact. */
  localFor(to: Hop): string;
  /** Next hops of a URI, best first. RFC 3263. Not a promise where no DNS is needed. */
  resolve(uri: string): readonly Hop[] | Promise<readonly Hop[]>;
  /** Counts towards the ban of a source. */
  offence(source: Source, weight: number): void;
  /** Forgives: it proved to be one of ours. */
  good(source: Source): void;
  /** Keeps a connection open though idle: a registered device is reached through it. */
  keep?(connectionId: string): boolean;
  release?(connectionId: string): void;
  /** Does this connection stand? */
  alive?(connectionId: string): boolean;
  /** A connection is gone; set once by the agent. */
  onClosed?: (connectionId: string) => void;
}

export type RegistrarOptions = {
  readonly live: LiveStore;
  /** Name of this node in the bindings. */
  readonly node: string;
  /** Seconds. Defaults: 60, 3600, 3600. */
  readonly minExpires?: number;
  readonly maxExpires?: number;
  readonly defaultExpires?: number;
  /** Contacts an address of record may have; default 10. */
  readonly maxContacts?: number;
};

export type UserAgentOptions = {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly timers?: SipTimers;
  /** Value of User-Agent and Server. Default `Graine`. */
  readonly userAgent?: string;
  /** Who a source is, before any hook. Called for every request outside a dialog but OPTIONS. */
  readonly identify: (request: SipRequest, source: Source) => Identification;
  /** Looks a user up. Sync where it can be. */
  readonly credentials?: (username: string, realm: string) => UserSecret | undefined | Promise<UserSecret | undefined>;
  /** Without it REGISTER is not a method of ours. */
  readonly registrar?: RegistrarOptions;
  /** Asked for every INVITE that would begin a call, after it is known whose it is, and for every OPTIONS. */
  readonly door?: Door;
  /** Seconds a nonce lives; default 300. */
  readonly nonceSeconds?: number;
  /** The session timer we propose, seconds; default 1800. */
  readonly sessionExpires?: number;
};

export type RegistrationOptions = {
  /** Request-URI: `sip:` and the registrar's domain. */
  readonly uri: string;
  /** Address of record. */
  readonly from: string;
  /** User part of our Contact. */
  readonly contactUser: string;
  readonly contactHost?: string;
  readonly credentials?: Credentials;
  /** Where to send, else resolved from `proxy` or `uri`. */
  readonly hops?: readonly Hop[];
  readonly proxy?: string;
  /** Seconds asked for; default 3600. */
  readonly expires?: number;
  readonly headers?: readonly ExtraHeader[];
};

export type RegistrationStatus =
  | { readonly state: 'registering' | 'closed' }
  | { readonly state: 'registered'; readonly expires: number }
  /** Tried again later by itself. */
  | { readonly state: 'failed'; readonly status: number; readonly reason: string };

/** Our registration at somebody else's registrar. */
export interface OutboundRegistration {
  readonly status: RegistrationStatus;
  readonly events: Emitter<{ status: [RegistrationStatus] }>;
  /** Takes it back; resolves when the registrar knows, or after 2 s. */
  close(): Promise<void>;
  /** Keeps it no longer, and lets it stand: somebody else does. */
  abandon(): void;
}

export type PingOptions = {
  readonly uri: string;
  readonly from?: string;
  readonly hops?: readonly Hop[];
  /** Host and port of our Contact where it must not be our own address. */
  readonly contactHost?: string;
  readonly intervalMs?: number;
  /** So long one waits for an answer; default: as long as any request, 32 s. */
  readonly patienceMs?: number;
};

/** OPTIONS to a gateway as a sign of life. Down after two unanswered in a row (one, when it was never up). */
export interface GatewayPing {
  readonly up: boolean;
  /** It was asked, and did not answer; before that it is neither. */
  readonly down: boolean;
  readonly events: Emitter<{ up: [status: number]; down: [status: number] }>;
  close(): void;
}

/** How a call reaches a registered device. */
export type DeviceRoute = Pick<InviteOptions, 'uri' | 'hops' | 'route' | 'pinned'>;

export interface UserAgent {
  /** Who takes calls. Without one every INVITE gets 480. */
  onInvitation(handler: (invitation: Invitation) => void): void;
  invite(options: InviteOptions): OutgoingCall;
  /** Request-URI and way to a registered device: back where its REGISTER came from. */
  routeTo(binding: Binding): DeviceRoute;
  /** Registers us with a carrier and keeps it so. */
  register(options: RegistrationOptions): OutboundRegistration;
  /** Watches a gateway. */
  ping(options: PingOptions): GatewayPing;
  /** Asked for the dialog of a request that is not here, by our tag in it; 'here': it is now. Without it such get 481. One of
   * another node is passed on to where `placeOf` says that it takes SIP. */
  onStray(find: (tag: string) => Promise<Whereabouts>, placeOf: (node: string) => Hop | undefined): void;
  /** Carries a dialog of another process on. `ownContact`: it was another node's, so our Contact is another address now. */
  restore(snapshot: DialogSnapshot, options?: { ownContact?: boolean }): Dialog;
  /** Refuses an INVITE that another process left unanswered. */
  refuseLeft(left: LeftInvitation, status: number): void;
  /** Cancels an INVITE that another process had sent; a 200 that crosses is ACKed and BYEd. `rang`: it was answered with
   * a provisional there. */
  cancelLeft(left: LeftCall, reason: Reason, rang?: boolean): void;
  /** New INVITEs get 503 with Retry-After, and so do OPTIONS; calls that stand go on. */
  draining: boolean;
  dump(): object;
  /** Goes without a word: dialogs and registrations stand, for another process to carry on. Nothing is heard any more. */
  abandon(): void;
  /** Takes our registrations back (2 s at most), then ends everything: no timer, transaction or dialog stays. Idempotent. */
  close(): Promise<void>;
}
