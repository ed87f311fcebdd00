import type { Blame, Carriage, CarriageSink } from './carriage.ts';
import type { ConnectionLimits } from './limits.ts';
import { failLater } from './failure.ts';
import type { FaultListener, Source, TransportName } from './types.ts';

const pong = Buffer.from('\r\n');

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
  closed(connection: Connection, end: End): void;
}

/** How a connection ended. `code`: what TLS could not agree on. */
export type End = { readonly why: string; readonly blame: Blame; readonly code?: string | undefined };

export type ConnectionInit = {
  readonly id: string;
  readonly transport: TransportName;
  /** `accepted`: the peer connected to us. */
  readonly side: 'accepted' | 'connecting';
  readonly address: string;
  readonly port: number;
  /** The name its peer proved, or has to prove. */
  readonly host?: string;
};

type Waiting = { readonly bytes: Buffer; readonly listener: FaultListener | undefined };

/** One connection, whatever carries it. Ends with `close`, from either side, exactly once. */
export class Connection implements CarriageSink {
  readonly id: string;
  readonly transport: TransportName;
  readonly side: ConnectionInit['side'];
  readonly address: string;
  readonly port: number;
  readonly host: string | undefined;
  localAddress = '';
  localPort = 0;
  /** How many want it kept though it is idle (registered contacts). */
  keepers = 0;
  readonly #owner: ConnectionOwner;
  /** Undefined once closed. */
  #carriage: Carriage | undefined;
  readonly #openedAt: number;
  #phase: 'opening' | 'open' = 'opening';
  /** What was sent before it was open: a peer that has not proved its name must not see it. */
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #messages = 0;
  #activeAt: number;
  #heardAt: number;
  #probedAt: number | undefined;
  #partialSince: number | undefined;
  #stalledSince: number | undefined;

  constructor(owner: ConnectionOwner, carriage: Carriage, init: ConnectionInit) {
    this.id = init.id;
    this.transport = init.transport;
    this.side = init.side;
    this.address = init.address;
    this.port = init.port;
    this.host = init.host;
    this.#owner = owner;
    this.#carriage = carriage;
    this.#openedAt = this.#activeAt = this.#heardAt = owner.now();
    this.#readLocal(carriage);
  }

  /** Begins to listen. Apart from the constructor, so that its owner knows it before it can end. */
  start(): void {
    this.#carriage?.attach(this);
  }

  get open(): boolean {
    return this.#carriage !== undefined;
  }

  /** What its peer showed, once it is open. */
  get certificate(): Source['certificate'] {
    return this.#carriage?.certificate;
  }

  /** Could it ever carry a message? */
  get wasOpen(): boolean {
    return this.#phase === 'open';
  }

  /** Sends a whole message, at once or when open. */
  send(bytes: Buffer, listener: FaultListener | undefined): void {
    const carriage = this.#carriage;
    const waiting = this.#waitingBytes + (carriage?.backlog ?? 0);
    if (carriage === undefined || waiting + bytes.length > this.#owner.limits.backlog) {
      failLater(listener);
      if (carriage !== undefined) this.close('the peer does not read', 'peer');
      return;
    }
    this.#activeAt = this.#owner.now();
    if (this.#phase === 'open') write(carriage, bytes, listener);
    else {
      this.#waiting.push({ bytes, listener });
      this.#waitingBytes += bytes.length;
    }
  }

  /** Looks at the clock: closes what takes too long. Called about twice a second. */
  check(now: number): void {
    const carriage = this.#carriage;
    if (carriage === undefined) return;
    const { limits } = this.#owner;
    if (carriage.backlog === 0) this.#stalledSince = undefined;
    else this.#stalledSince ??= now;
    const since = (at: number | undefined, limit: number): boolean => at !== undefined && now - at >= limit;
    if (this.#phase === 'opening') this.#checkOpening(now);
    else if (since(this.#partialSince, limits.partialMessageMs)) this.close('a message took too long', 'peer');
    else if (this.#unproven() && since(this.#openedAt, limits.firstMessageMs))
      this.close('no message after accept', 'peer');
    else if (since(this.#stalledSince, limits.stalledMs)) this.close('the peer does not read', 'peer');
    else if (this.keepers === 0 && since(this.#activeAt, limits.idleMs)) this.close('idle');
    else if (this.keepers > 0 && carriage.probe !== undefined) this.#probe(carriage, now);
  }

  /** Ends it and frees the socket. Later calls do nothing. */
  close(why: string, blame: Blame = 'nobody', code?: string): void {
    const carriage = this.#carriage;
    if (carriage === undefined) return;
    this.#carriage = undefined;
    for (const { listener } of this.#waiting.splice(0)) failLater(listener);
    carriage.destroy();
    this.#owner.closed(this, { why, blame, code });
  }

  dump(): object {
    const { id, transport, side, address, port, keepers } = this;
    const pending = this.#carriage?.pending ?? 0;
    const probed = this.#probedAt !== undefined;
    return {
      id,
      transport,
      side,
      address,
      port,
      keepers,
      phase: this.#phase,
      messages: this.#messages,
      pending,
      probed,
    };
  }

  opened(): void {
    if (this.#carriage === undefined || this.#phase === 'open') return;
    this.#phase = 'open';
    this.#activeAt = this.#heardAt = this.#owner.now();
    this.#readLocal(this.#carriage);
    this.#waitingBytes = 0;
    for (const { bytes, listener } of this.#waiting.splice(0)) write(this.#carriage, bytes, listener);
  }

  frame(bytes: Buffer): void {
    if (this.#carriage === undefined) return;
    this.#messages++;
    this.#activeAt = this.#heardAt = this.#owner.now();
    this.#partialSince = undefined;
    this.#owner.received(this, bytes);
  }

  ping(answer: () => void = () => this.send(pong, undefined)): void {
    if (this.#carriage === undefined) return;
    if (this.#owner.admits(this)) {
      this.#activeAt = this.#owner.now();
      answer();
    } else this.close('too many pings', 'peer');
  }

  heard(): void {
    this.#heardAt = this.#owner.now();
    this.#probedAt = undefined;
    if ((this.#carriage?.pending ?? 0) === 0) this.#partialSince = undefined;
    else this.#partialSince ??= this.#heardAt;
  }

  broke(why: string, blame: Blame, code?: string): void {
    this.close(why, blame, code);
  }

  #checkOpening(now: number): void {
    const { connectMs, handshakeMs } = this.#owner.limits;
    if (this.side === 'accepted' && now - this.#openedAt >= handshakeMs) this.close('no handshake in time', 'peer');
    else if (this.side === 'connecting' && now - this.#openedAt >= connectMs) this.close('no connection in time');
  }

  /** A device that went away without a word is found out, and its branch fails instead of ringing nowhere. */
  #probe(carriage: Carriage, now: number): void {
    const { probeMs, probeAnswerMs } = this.#owner.limits;
    if (this.#probedAt !== undefined) {
      if (now - this.#probedAt >= probeAnswerMs) this.close('the peer does not answer pings');
    } else if (now - this.#heardAt >= probeMs) {
      this.#probedAt = now;
      carriage.probe?.();
    }
  }

  #unproven(): boolean {
    return this.side === 'accepted' && this.#messages === 0;
  }

  #readLocal(carriage: Carriage): void {
    const { address, port } = carriage.local;
    this.localAddress = address;
    this.localPort = port;
  }
}

function write(carriage: Carriage, bytes: Buffer, listener: FaultListener | undefined): void {
  carriage.write(bytes, listener && ((fault) => (fault ? listener.transportFailed() : undefined)));
}
