/** What the REST API is given by main.ts. Narrow on purpose: each part names only what the API calls. */
import type { Certainty, Clock, Log, Random } from '../base/index.ts';
import type { AuditTrail, Sessions, Softphones } from '../access/index.ts';
import type { Emitter } from '../base/index.ts';
import type { Alert, CallWatch } from '../ports/index.ts';
import type { RecordingShelf } from '../call/index.ts';
import type {
  CallControl,
  Directory,
  Entities,
  Hooks,
  Kind,
  LiveStore,
  Nodes,
  Store,
  Timelines,
} from '../ports/index.ts';

/** The directory, and the two ways to change it. */
export type ApiDirectory = Pick<Directory, 'get' | 'all' | 'events'> & {
  put<K extends Kind>(kind: K, entity: Entities[K]): Promise<void>;
  /** False when there was none. */
  remove(kind: Kind, sid: string): Promise<boolean>;
  /** Takes over now what other nodes changed. */
  refresh(): Promise<void>;
};

/** `registration`: the contacts of an address of record changed. */
export type News = Emitter<{ alert: [Alert]; registration: [aor: string, accountSid: string] }>;

export type Portal = {
  /** The built pages; undefined: none are served. */
  readonly folder: string | undefined;
  /** Where SIP over WebSocket is received; undefined: nowhere. */
  readonly sip: () => { readonly ws: string | undefined; readonly wss: string | undefined; readonly realm: string };
  /** The user `echo` says back what is said: the built-in demo's. */
  readonly echo: boolean;
};

export type Readiness = { readonly ready: boolean; readonly reason?: string };

export type ApiOptions = {
  readonly directory: ApiDirectory;
  readonly store: Pick<Store, 'cdrs' | 'cdr' | 'alerts' | 'audit' | 'flush'>;
  readonly live: Pick<LiveStore, 'bindingsOf' | 'bindings' | 'call' | 'claim' | 'stats'>;
  /** The other nodes. */
  readonly nodes: Nodes;
  readonly control: CallControl;
  readonly watch: CallWatch;
  /** What happens beside calls, for those who watch. */
  readonly news: News;
  readonly sessions: Sessions;
  readonly softphones: Softphones;
  readonly audit: AuditTrail;
  /** Origins of web pages, beside the server's own, that may use the cookie. */
  readonly origins: readonly string[];
  /** Longest body of a request. */
  readonly maxBodyBytes: number;
  /** Proxies whose X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  /** What the portal's softphone needs to know. */
  readonly portal: Portal;
  readonly timelines: Timelines;
  readonly recordings: Pick<RecordingShelf, 'list' | 'open' | 'remove'>;
  /** What WebSocket applications were told. */
  readonly events: Pick<Hooks, 'events'>;
  /** Prometheus text for /metrics. */
  readonly metrics: { text(): Promise<{ readonly contentType: string; readonly body: string }> };
  /** Can this process take a call now? */
  readonly readiness: () => Readiness;
  /** Whether the calls here are certainly still this node's; left out where no other could have them. */
  readonly owner?: Certainty | undefined;
  /** Does in Redis what another node, which does not reach it, may have done for itself; undefined: it cannot. */
  readonly redisFor?:
    | ((node: string, script: string, values: readonly (string | number)[]) => Promise<unknown>)
    | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  /** What `GET /v1/Config` shows the administrator: the effective configuration, secrets hidden. */
  readonly config?: Readonly<Record<string, unknown>>;
};
