/** Live state: who is registered where, which calls run on which node. In memory here; Redis for several nodes. */

/** One contact of a registered user. */
export type Binding = {
  /** Address of record: user@realm, lower-case. */
  readonly aor: string;
  readonly accountSid: string;
  readonly clientSid: string;
  /** Contact URI as registered. */
  readonly contact: string;
  /** Where the REGISTER came from: the way back to the device. */
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  readonly connectionId?: string;
  readonly node: string;
  readonly path: readonly string[];
  readonly callId: string;
  readonly cseq: number;
  readonly q: number;
  /** RFC 5626 instance, when the device gave one: its newer contact replaces the older. */
  readonly instance?: string;
  /** Which of the device's flows it is, where it has several: each has a binding of its own. */
  readonly regId?: number;
  readonly userAgent: string;
  readonly registeredAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
};

export type LiveCall = {
  readonly callSid: string;
  readonly accountSid: string;
  readonly node: string;
  readonly startedAt: number;
  /** Of a leg that is not the first of its session: the sid of that. It is found, but neither listed nor counted. */
  readonly session?: string;
};

/** A node, and where it says that its REST is: opaque here, for whoever speaks with nodes. */
export type LiveNode = { readonly name: string; readonly address: string };

/** What other nodes have of something limited. `starts`: calls that began in the last second, here and there. */
export type LimitView = { readonly others: number; readonly starts: number };

/** How long the first two of a line have waited, ms. */
export type LimitLine = readonly [first?: number, second?: number];

export type LimitAsk = {
  /** `account <sid>` or `carrier <sid>`. */
  readonly name: string;
  readonly maxCalls: number | undefined;
  readonly maxCps: number | undefined;
  /** Calls that run here already. */
  readonly running: number;
  /** Where calls wait for a place: so long the first one here has waited, ms, and the one behind it. */
  readonly line?: LimitLine;
  /** `tell`: it has begun, whatever the limits say. */
  readonly mode: 'ask' | 'tell';
};

export type LimitAnswer = LimitView & {
  /** `line`: there is a place, and at another node somebody has waited longer for it. */
  readonly verdict: 'yes' | 'calls' | 'cps' | 'line';
  /** Until the next may begin by `maxCps`; 0: now. */
  readonly waitMs: number;
};

export type LimitCounts = {
  /** How many run here: asked at every heartbeat, of all that was taken lately. */
  running(name: string): number;
  /** How long who waits here has waited. */
  line(name: string): LimitLine;
  seen(name: string, view: LimitView): void;
};

/** For /metrics. */
export type LiveStats = {
  /** Are there nodes to share with at all? */
  readonly shared: boolean;
  /** `nodes`, as it was when it could last be known. */
  readonly known: number;
  /** False while what the nodes share cannot be reached: this node then serves what it knows. */
  readonly up: boolean;
  /** Nodes that were there a moment ago, this one among them. */
  readonly nodes: number;
  /** Shared entries that made no sense and were thrown away. */
  readonly refused: number;
  /** Changes that wait to be shared. */
  readonly waiting: number;
};

/** A source that was caught at one node and is to be dropped by all. */
export type SharedBan = {
  /** An IP address, or an IPv6 network as `2001:db8::/64`. */
  readonly address: string;
  readonly ms: number;
  readonly reason: string;
};

export interface LiveStore {
  /** Adds or refreshes. What it replaces of the AOR (`replaces`) goes. */
  bind(binding: Binding): Promise<void>;
  /** Removes the one of that key (`bindingKey`), or all when there is none. */
  unbind(aor: string, key?: string): Promise<void>;
  /** Contacts that have not expired, highest q first, newest first. */
  bindings(aor: string): Promise<readonly Binding[]>;
  /** Every binding of an account. */
  bindingsOf(accountSid: string): Promise<readonly Binding[]>;
  /** Contacts registered in all, over every node: for /metrics. */
  registered(): Promise<number>;
  /** Never rejects, as removeCall does not: a call does not wait for its entry. */
  putCall(call: LiveCall): Promise<void>;
  removeCall(callSid: string): Promise<void>;
  /** Calls of an account, on whichever node; of a session the first leg. */
  calls(accountSid: string): Promise<readonly LiveCall[]>;
  /** Where a call runs; undefined when it does not, or its node is gone. */
  call(callSid: string): Promise<LiveCall | undefined>;
  /** The node that was first to say that it does this, this one or another that beats; undefined while that cannot be known. */
  claim(what: string): Promise<string | undefined>;
  /** Asks for a place among the calls that nodes count together, or tells of one that was taken; one step, whoever else asks.
   * undefined: what the nodes share is away, or there are no other nodes. Never rejects. */
  take(ask: LimitAsk): Promise<LimitAnswer | undefined>;
  /** So many calls run here now. */
  holds(name: string, running: number): void;
  /** Who counts the calls of this node. */
  count(counts: LimitCounts): void;
  /** Tells the other nodes; while they cannot be reached, nobody. */
  ban(ban: SharedBan): Promise<void>;
  /** What other nodes tell, those before this one began too: `ms` is what is left. */
  onBan(hear: (ban: SharedBan) => void): void;
  /** Where this node's REST is, for the others. */
  announce(address: string): void;
  /** Nodes that beat and have announced themselves; while that cannot be known, those that did last. */
  nodes(): readonly LiveNode[];
  /** What the nodes share cannot be reached, and why; or it is there again. Told once each, and not of every flicker. */
  onReach(hear: (there: boolean, reason: string) => void): void;
  /** A node stopped beating that had not said that it leaves. Told of by each node that notices. */
  onLost(hear: (node: string) => void): void;
  stats(): LiveStats;
  close(): Promise<void>;
}
