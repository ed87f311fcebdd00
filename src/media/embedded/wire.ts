import type { Far, Host, Packet } from '../rtp/packet.ts';

/** Sockets come in pairs: `2 × slot` is RTP, `2 × slot + 1` is RTCP. */
export type WireEvents = {
  /** A datagram came in, about `now`. The packet is the wire's own and is good until this returns. */
  packet(socket: number, packet: Packet, now: number): void;
  /** A pair asked for with `bind` stands, or cannot. */
  bound(slot: number, error: string | undefined): void;
};

/** How packets get in and out of a worker. */
export interface Wire {
  readonly kind: 'dgram' | 'io_uring' | 'epoll';
  /** Binds `port` and `port + 1`. */
  bind(slot: number, port: number): void;
  /** An address literal as `Packet.host` gives it. */
  host(address: string): Host;
  /** The literal of a `Packet.host`. */
  address(host: Host): string;
  /** Sends at once or with the batch. The bytes may be reused when the next packet is handled. */
  send(socket: number, packet: Packet, far: Far): void;
  close(): void;
}

/** A wire for a thread that waits in the kernel and not on its event loop. */
export interface KernelWire extends Wire {
  /** The main thread wants to be heard. */
  rung: boolean;
  /** Sets who hears of packets. */
  listen(events: WireEvents): this;
  /** Sends what is waiting, then waits for something to come, at most `ms`; or gathers what comes in `gatherMs`, if not 0. */
  wait(ms: number, gatherMs: number): void;
  /** Handles what has come by `now`; how many packets. */
  take(now: number): number;
}
