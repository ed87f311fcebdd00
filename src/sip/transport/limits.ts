/** How much peers may do to us over connections (attack B1). Times in milliseconds. */
export type ConnectionLimits = {
  /** Connections from one address. Trusted sources are not counted. */
  readonly perSource: number;
  readonly total: number;
  /** From accept to the first whole message. */
  readonly firstMessageMs: number;
  /** From the first byte of a message to its last. */
  readonly partialMessageMs: number;
  /** Without a message either way, unless somebody keeps the connection. */
  readonly idleMs: number;
  readonly connectMs: number;
  /** From accept to the end of the TLS or WebSocket handshake. */
  readonly handshakeMs: number;
  /** A kept WebSocket that was silent for this long is pinged, and closed when nothing comes back in time. */
  readonly probeMs: number;
  readonly probeAnswerMs: number;
  /** Bytes that wait for a peer that does not read. */
  readonly backlog: number;
  /** How long they may wait. */
  readonly stalledMs: number;
  readonly head: number;
  readonly body: number;
};

export const defaultConnectionLimits: ConnectionLimits = {
  perSource: 512,
  total: 8192,
  firstMessageMs: 10_000,
  partialMessageMs: 4000,
  idleMs: 300_000,
  connectMs: 4000,
  handshakeMs: 10_000,
  probeMs: 30_000,
  probeAnswerMs: 15_000,
  backlog: 1_048_576,
  stalledMs: 30_000,
  head: 65_536,
  body: 65_536,
};
