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
};

/** For /metrics. */
export type LiveStats = {
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
  /** Adds or refreshes. The same contact (or instance) of the AOR is replaced. */
  bind(binding: Binding): Promise<void>;
  /** Removes one contact, or all when `contact` is undefined. */
  unbind(aor: string, contact?: string): Promise<void>;
  /** Contacts that have not expired, highest q first, newest first. */
  bindings(aor: string): Promise<readonly Binding[]>;
  /** Every binding of an account. */
  bindingsOf(accountSid: string): Promise<readonly Binding[]>;
  /** Contacts registered in all, over every node: for /metrics. */
  registered(): Promise<number>;
  /** Never rejects, as removeCall does not: a call does not wait for its entry. */
  putCall(call: LiveCall): Promise<void>;
  removeCall(callSid: string): Promise<void>;
  /** Calls of an account, on whichever node. */
  calls(accountSid: string): Promise<readonly LiveCall[]>;
  /** Where a call runs; undefined when it does not, or its node is gone. */
  call(callSid: string): Promise<LiveCall | undefined>;
  /** How many calls of an account run on other nodes, as of a second ago; 0 while that cannot be known. */
  callsElsewhere(accountSid: string): number;
  /** Tells the other nodes; while they cannot be reached, nobody. */
  ban(ban: SharedBan): Promise<void>;
  /** What other nodes tell, those before this one began too: `ms` is what is left. */
  onBan(hear: (ban: SharedBan) => void): void;
  stats(): LiveStats;
  close(): Promise<void>;
}
