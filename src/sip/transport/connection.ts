import type { Socket } from 'node:net';
import { plainAddress } from './address.ts';
import { StreamFramer } from './framer.ts';
import type { ConnectionLimits } from './limits.ts';
import { failLater } from './failure.ts';
import type { FaultListener, TransportName } from './types.ts';

const pong = Buffer.from('\r\n');

/** Whose fault the end of a connection is: `peer` when it abused it. */
export type Blame = 'nobody' | 'peer';

/** Whoever owns connections. */
export interface ConnectionOwner {
  readonly limits: ConnectionLimits;
  /** Monotonic milliseconds. */
  now(): number;
  /** May this peer be served one more ping? */
  admits(connection: Connection): boolean;
  /** One whole message came. */
  received(connection: Connection, bytes: Buffer): void;
  /** It is gone: exactly once. */
  closed(connection: Connection, why: string, blame: Blame): void;
}

export type ConnectionInit = {
  readonly id: string;
  readonly transport: TransportName;
  /** `accepted`: the peer connected to us. */
  readonly side: 'accepted' | 'connecting';
  readonly address: string;
  readonly port: number;
};

/** One TCP connection (or TLS: it takes any stream socket). Ends with `close`, from either side, exactly once. */
export class Connection {
  readonly id: string;
  readonly transport: TransportName;
  readonly side: ConnectionInit['side'];
  readonly address: string;
  readonly port: number;
  localAddress = '';
  localPort = 0;
  /** How many want it kept though it is idle (registered contacts). */
  keepers = 0;
  readonly #owner: ConnectionOwner;
  readonly #framer: StreamFramer;
  /** Undefined once closed. */
  #socket: Socket | undefined;
  #openedAt: number;
  #connected: boolean;
  #messages = 0;
  #activeAt: number;
  #partialSince: number | undefined;
  #stalledSince: number | undefined;

  constructor(owner: ConnectionOwner, socket: Socket, init: ConnectionInit) {
    this.id = init.id;
    this.transport = init.transport;
    this.side = init.side;
    this.address = init.address;
    this.port = init.port;
    this.#owner = owner;
    this.#socket = socket;
    this.#framer = new StreamFramer(owner.limits);
    this.#openedAt = this.#activeAt = owner.now();
    this.#connected = init.side === 'accepted';
    this.#readLocal(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('connect', () => this.#opened());
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (fault) => this.close(fault.message));
    socket.on('close', () => this.close('the peer closed'));
  }

  get open(): boolean {
    return this.#socket !== undefined;
  }

  /** Sends a whole message, at once or when connected. */
  send(bytes: Buffer, listener: FaultListener | undefined): void {
    const socket = this.#socket;
    if (socket === undefined || socket.writableLength + bytes.length > this.#owner.limits.backlog) {
      failLater(listener);
      if (socket !== undefined) this.close('the peer does not read', 'peer');
      return;
    }
    this.#activeAt = this.#owner.now();
    socket.write(bytes, listener && ((fault) => (fault ? listener.transportFailed() : undefined)));
  }

  /** Looks at the clock: closes what takes too long. Called about twice a second. */
  check(now: number): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { limits } = this.#owner;
    if (socket.writableLength === 0) this.#stalledSince = undefined;
    else this.#stalledSince ??= now;
    const since = (at: number | undefined, limit: number): boolean => at !== undefined && now - at >= limit;
    if (!this.#connected && since(this.#openedAt, limits.connectMs)) this.close('no connection in time');
    else if (since(this.#partialSince, limits.partialMessageMs)) this.close('a message took too long', 'peer');
    else if (this.#unproven() && since(this.#openedAt, limits.firstMessageMs))
      this.close('no message after accept', 'peer');
    else if (this.#connected && since(this.#stalledSince, limits.stalledMs))
      this.close('the peer does not read', 'peer');
    else if (this.keepers === 0 && since(this.#activeAt, limits.idleMs)) this.close('idle');
  }

  /** Ends it and frees the socket. Later calls do nothing. */
  close(why: string, blame: Blame = 'nobody'): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.removeAllListeners('data');
    socket.destroy();
    this.#owner.closed(this, why, blame);
  }

  dump(): object {
    const { id, transport, side, address, port, keepers } = this;
    return { id, transport, side, address, port, keepers, messages: this.#messages, pending: this.#framer.pending };
  }

  #unproven(): boolean {
    return this.side === 'accepted' && this.#messages === 0;
  }

  #opened(): void {
    this.#connected = true;
    this.#activeAt = this.#owner.now();
    if (this.#socket !== undefined) this.#readLocal(this.#socket);
  }

  #readLocal(socket: Socket): void {
    this.localAddress = plainAddress(socket.localAddress ?? '');
    this.localPort = socket.localPort ?? 0;
  }

  #read(chunk: Buffer): void {
    const fault = this.#framer.push(chunk, this);
    if (fault !== undefined) this.close(`bad stream: ${fault}`, 'peer');
    else if (this.#framer.pending === 0) this.#partialSince = undefined;
    else this.#partialSince ??= this.#owner.now();
  }

  frame(bytes: Buffer): void {
    if (this.#socket === undefined) return;
    this.#messages++;
    this.#activeAt = this.#owner.now();
    this.#partialSince = undefined;
    this.#owner.received(this, bytes);
  }

  ping(): void {
    if (this.#owner.admits(this)) {
      this.#activeAt = this.#owner.now();
      this.send(pong, undefined);
    } else this.close('too many pings', 'peer');
  }
}
