/** What an agent is made of, and the door it opens. */
import type { Clock, Log, Random } from '../../base/index.ts';
import type { LiveStore } from '../../ports/index.ts';
import type { Dialog, DialogSnapshot } from '../dialog/index.ts';
import type { SipMessage, SipRequest } from '../message/index.ts';
import type { FaultListener, Hop, SipTimers, Source } from '../transaction/index.ts';
import type { CallerIdentity, Invitation, InviteOptions, OutgoingCall } from './types.ts';

/** What the agent knows of a source before any hook is called. */
export type Identification =
  | CallerIdentity
  /** Prove to be a user of this realm. */
  | { readonly kind: 'challenge'; readonly realm: string }
  /** 403, counted towards the ban of its source. */
  | { readonly kind: 'forbidden' };

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
  send(bytes: Buffer, to: Hop, listener: FaultListener): void;
  /** Back where the request came from. */
  reply(bytes: Buffer, to: Source, listener: FaultListener): void;
  /** `host:port` of ours that a peer at this hop can reach: Via sent-by and Contact. */
  localFor(to: Hop): string;
  /** Next hops of a URI, best first. RFC 3263. Not a promise where no DNS is needed. */
  resolve(uri: string): readonly Hop[] | Promise<readonly Hop[]>;
  /** Counts towards the ban of a source. */
  offence(source: Source, weight: number): void;
  /** Forgives: it proved to be one of ours. */
  good(source: Source): void;
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
  /** Seconds a nonce lives; default 300. */
  readonly nonceSeconds?: number;
};

export interface UserAgent {
  /** Who takes calls. Without one every INVITE gets 480. */
  onInvitation(handler: (invitation: Invitation) => void): void;
  invite(options: InviteOptions): OutgoingCall;
  /** Carries a dialog of another process on. */
  restore(snapshot: DialogSnapshot): Dialog;
  /** New INVITEs get 503 with Retry-After, and so do OPTIONS; calls that stand go on. */
  draining: boolean;
  dump(): object;
  /** Ends everything at once: no timer, transaction or dialog stays. Idempotent. */
  close(): void;
}
