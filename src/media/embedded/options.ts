import type { Clock, Log, Random } from '../../base/index.ts';

export type EmbeddedOptions = {
  /** The address media sockets are bound to. */
  readonly address: string;
  /** What our SDP says, when it is not `address` (0.0.0.0, a NAT in front). */
  readonly publicAddress?: string;
  /** RTP ports, 'lowest-highest'. */
  readonly ports: string;
  readonly workers: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The kernel's own calls where it allows them (io_uring, else epoll); true unless said otherwise. */
  readonly preferBatched?: boolean | 'epoll';
  /** Ports that calls of an earlier process have: given to nobody but who asks for them. */
  readonly kept?: readonly number[];
  /** How long a released pair rests; and one on which nothing was ever received. */
  readonly restMs?: number;
  readonly restUnusedMs?: number;
  /** Far ends that are ICE-lite may be looked for at private and loopback addresses. */
  readonly nearCandidates?: boolean;
  /** Silence that is told. */
  readonly silentMs?: number;
};
