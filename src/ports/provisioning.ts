/** What people provision: accounts and all that hangs on them. The same data whether it came from the YAML file or from
 * REST. `sid` is a UUID, stable across restarts for the same name. Secrets are marked; they never reach a log. */
import type { Role } from './access.ts';

/** A hook as an application names it. */
export type HookTarget = {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly username?: string;
  /** secret */
  readonly password?: string;
};

export type Account = {
  readonly sid: string;
  readonly name: string;
  readonly sipRealm?: string;
  /** secret: signs every hook of the account. */
  readonly webhookSecret: string;
  readonly deviceCallingApplicationSid?: string;
  readonly registrationHook?: HookTarget;
  /** Most calls (sessions) at once; undefined: no limit. */
  readonly maxCalls?: number;
  /** Most new calls a second; undefined: no limit. */
  readonly maxCps?: number;
  /** A caller id that an application or a user sets must be a phone number of the account, at every carrier. */
  readonly ownNumbersOnly?: boolean;
  readonly isActive: boolean;
};

export type Application = {
  readonly sid: string;
  readonly accountSid: string;
  readonly name: string;
  readonly callHook?: HookTarget;
  readonly callStatusHook?: HookTarget;
  /** Asked instead when callHook fails. */
  readonly fallbackHook?: HookTarget;
  /** Verbs to run instead of asking callHook. */
  readonly appJson?: readonly unknown[];
  readonly recordAllCalls?: boolean;
  readonly speech?: Readonly<Record<string, string>>;
  readonly envVars?: Readonly<Record<string, string>>;
};

export type CarrierRegistration = {
  readonly realm: string;
  readonly username: string;
  /** secret */
  readonly password: string;
  readonly fromUser?: string;
  readonly fromDomain?: string;
  readonly publicIpInContact?: boolean;
};

export type Carrier = {
  readonly sid: string;
  readonly accountSid: string;
  readonly name: string;
  readonly description?: string;
  readonly isActive: boolean;
  /** For inbound calls whose number has no application of its own. */
  readonly applicationSid?: string;
  readonly e164LeadingPlus: boolean;
  readonly techPrefix: string;
  readonly diversion?: string;
  readonly register?: CarrierRegistration;
  /** Digest credentials for calls we send, where the carrier wants them without registration. Password is secret. */
  readonly auth?: { readonly username: string; readonly password: string };
  readonly dtmfType: 'rfc2833' | 'tones' | 'info';
  readonly outboundSipProxy?: string;
  readonly maxCalls?: number;
  readonly maxCps?: number;
  /** Lower first. */
  readonly priority: number;
  readonly weight: number;
  /** As the account's, at this carrier. */
  readonly ownNumbersOnly?: boolean;
  /** May receive identities whose owner asked for privacy, and may assert them. RFC 3325. */
  readonly trusted: boolean;
};

export type Gateway = {
  readonly sid: string;
  readonly accountSid: string;
  readonly carrierSid: string;
  /** IP literal or host name. */
  readonly host: string;
  /** undefined: by DNS SRV, else 5060 (5061 for tls). */
  readonly port?: number;
  readonly netmask: number;
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly inbound: boolean;
  readonly outbound: boolean;
  readonly isActive: boolean;
  readonly sendOptionsPing: boolean;
  readonly srtp: 'none' | 'offer' | 'require';
  /** With SRTP: calls to it are offered with ICE. */
  readonly ice?: boolean;
  /** Its calls must come over TLS and with a certificate: of this name, or this very one. undefined: its address will do. */
  readonly clientCertificate?: ClientCertificate;
  readonly priority: number;
  readonly weight: number;
};

/** With neither: of the gateway's own host name; of any name, where `host` is an address. */
export type ClientCertificate = {
  /** A name among those of a certificate whose authority is believed. */
  readonly subject?: string;
  /** SHA-256, 64 hex digits in lower case: the very certificate, whoever signed it. */
  readonly fingerprint?: string;
};

/** A registered SIP or WebRTC user. */
export type Client = {
  readonly sid: string;
  readonly accountSid: string;
  readonly username: string;
  /** secret */
  readonly password: string;
  readonly isActive: boolean;
  readonly allowDirectAppCalling: boolean;
  readonly allowDirectQueueCalling: boolean;
  readonly allowDirectUserCalling: boolean;
  /** Of a softphone of the portal: made for one session, whose end it does not outlive. */
  readonly softphone?: {
    readonly session: string;
    readonly expiresAt: number;
    /** A dial to the user of this name rings it too. */
    readonly name?: string;
  };
  /** undefined: calls in either way, and is offered SRTP where it registered over TLS. */
  readonly srtp?: 'none' | 'offer' | 'require';
};

export type PhoneNumber = {
  readonly sid: string;
  readonly accountSid: string;
  /** Digits without `+`; a trailing `*` matches every number that begins so. */
  readonly number: string;
  readonly carrierSid?: string;
  readonly applicationSid?: string;
};

export type ApiKey = {
  readonly sid: string;
  /** undefined: the administrator's. */
  readonly accountSid?: string;
  /** SHA-256 of the token, hex. The token itself is shown once and never kept. */
  readonly tokenHash: string;
  readonly name?: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** Made by a start that found no administrator. There is one of these at a time, however many nodes start at once. */
  readonly atStart?: true;
};

export type TeamsTenant = {
  readonly sid: string;
  readonly accountSid: string;
  readonly applicationSid?: string;
  readonly sbcFqdn: string;
  readonly tenantFqdn: string;
  readonly gateways: readonly string[];
  /** Calls to Teams are offered with ICE. */
  readonly mediaBypass?: boolean;
};

/** An account's way in to a speech vendor. */
export type SpeechCredential = {
  readonly sid: string;
  readonly accountSid: string;
  /** `google`, `custom:name` …, lower case. */
  readonly vendor: string;
  /** Tells several of one vendor apart. */
  readonly label?: string;
  readonly useForTts: boolean;
  readonly useForStt: boolean;
  /** secret. Names as in the REST API. */
  readonly settings: Readonly<Record<string, string>>;
};

/** Somebody who signs in at the portal. */
export type User = {
  readonly sid: string;
  /** undefined: of no account, but of the whole server. */
  readonly accountSid?: string;
  readonly name: string;
  /** Lower case; what they sign in with. */
  readonly email: string;
  readonly role: Role;
  readonly isActive: boolean;
  /** secret: a hash that says its own parameters. */
  readonly passwordHash: string;
  /** Sessions older than this are void. */
  readonly passwordChangedAt: number;
};

export type Entities = {
  account: Account;
  application: Application;
  carrier: Carrier;
  gateway: Gateway;
  client: Client;
  phoneNumber: PhoneNumber;
  apiKey: ApiKey;
  teamsTenant: TeamsTenant;
  speechCredential: SpeechCredential;
  user: User;
};
export type Kind = keyof Entities;
