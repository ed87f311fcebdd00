/** What outlives the process: provisioning, CDRs, alerts, settings. SQLite in a worker or PostgreSQL; one contract test for both. */
import type { AuditLog, WebSessions } from './access.ts';
import type { Entities, Kind } from './provisioning.ts';

/** One call detail record a call (leg), written once when it ends. Times are ms since the epoch. */
export type Cdr = {
  readonly callSid: string;
  readonly accountSid: string;
  readonly applicationSid: string | undefined;
  readonly parentCallSid: string | undefined;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly answered: boolean;
  readonly sipCallId: string;
  readonly sipParentCallId: string | undefined;
  readonly sipStatus: number;
  /** Whole seconds of talk. */
  readonly duration: number;
  readonly attemptedAt: number;
  readonly answeredAt: number | undefined;
  readonly terminatedAt: number;
  readonly terminationReason: string;
  readonly terminatedBy: string;
  /** Carrier name or 'user', 'sip', 'teams'. */
  readonly trunk: string;
  readonly host: string;
  readonly remoteHost: string;
  readonly traceId: string;
  readonly recordingUrl: string | undefined;
  readonly mos: number | undefined;
  readonly packetsLostPercent: number | undefined;
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
};

export type AlertType =
  | 'webhook-failure'
  | 'webhook-connection-failure'
  | 'webhook-url-notfound'
  | 'webhook-auth-failure'
  | 'invalid-app-payload'
  | 'no-tts'
  | 'no-stt'
  | 'tts-failure'
  | 'stt-failure'
  | 'no-carrier'
  | 'account-call-limit'
  | 'account-device-limit'
  | 'play-url-notfound'
  | 'alert-from-application'
  | 'error-updating-call'
  | 'media-failure'
  | 'carrier-registration-failure'
  | 'dial-refused'
  | 'tls-failure'
  | ServerAlertType;

/** Of the whole server, and no account's: its rows have `accountSid` ''. */
export type ServerAlertType =
  | 'redis-away'
  | 'redis-back'
  | 'database-away'
  | 'database-back'
  | 'node-lost'
  | 'calls-adopted';

export type Alert = {
  readonly sid: string;
  readonly time: number;
  readonly accountSid: string;
  readonly type: AlertType;
  readonly message: string;
  readonly detail?: string;
  readonly url?: string;
  readonly status?: number;
  readonly callSid?: string;
};

export type Page<T> = {
  readonly total: number;
  readonly page: number;
  readonly batch: number;
  readonly data: readonly T[];
};
export type CdrQuery = {
  readonly accountSid: string;
  readonly page: number;
  readonly count: number;
  readonly start?: number;
  readonly end?: number;
  readonly direction?: 'inbound' | 'outbound';
  readonly trunk?: string;
  readonly answered?: boolean;
  readonly filter?: string;
};
export type AlertQuery = {
  readonly accountSid: string;
  readonly page: number;
  readonly count: number;
  readonly start?: number;
  readonly end?: number;
  readonly type?: AlertType;
};

export interface Store extends WebSessions, AuditLog {
  /** Everything of a kind (optionally one account's): what the directory is loaded from. */
  list<K extends Kind>(kind: K, accountSid?: string): Promise<Entities[K][]>;
  get<K extends Kind>(kind: K, sid: string): Promise<Entities[K] | undefined>;
  /** Inserts or replaces by sid, durably. A name taken by another sid of the same account is a `name-taken` GraineError. */
  put<K extends Kind>(kind: K, entity: Entities[K]): Promise<void>;
  /** False when there was none. Refuses with `in-use` while others point at it, unless they are its own parts (gateways of a carrier). */
  remove(kind: Kind, sid: string): Promise<boolean>;
  /** Several puts in one transaction: the YAML file at start. */
  putAll(entities: readonly { readonly [K in Kind]: { kind: K; entity: Entities[K] } }[Kind][]): Promise<void>;
  setting(name: string): Promise<string | undefined>;
  putSetting(name: string, value: string): Promise<void>;
  /** Queues; rows are committed in batches within 200 ms. Never throws: a failing disk is logged, counted and retried. */
  appendCdr(cdr: Cdr): void;
  appendAlert(alert: Alert): void;
  /** The database takes no rows, and why; or it does again. Told once each, and not of every flicker. */
  onReach(hear: (there: boolean, reason: string) => void): void;
  /** Resolves when all that was appended before is committed. */
  flush(): Promise<void>;
  cdrs(query: CdrQuery): Promise<Page<Cdr>>;
  cdr(callSid: string): Promise<Cdr | undefined>;
  alerts(query: AlertQuery): Promise<Page<Alert>>;
  close(): Promise<void>;
}
