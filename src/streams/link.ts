/** One connection to a listener at a time: dialled to the checked addresses, pinged, tried again when it is lost. */
import type { LookupFunction } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import type { Clock, Timer } from '../base/index.ts';
import type { StreamPlace } from '../ports/index.ts';
import { limits } from './limits.ts';

export type LinkFault = { readonly end: 'closed' | 'refused' | 'unreachable' | 'abusive'; readonly why: string };

export type LinkOptions = {
  readonly clock: Clock;
  readonly stream: string;
  readonly place: StreamPlace;
  readonly opened: (connection: number) => void;
  readonly interrupted: (why: string, retryMs: number) => void;
  readonly message: (data: Buffer, binary: boolean) => void;
  /** It is over by the listener's or the network's doing. Not after close(). */
  readonly over: (fault: LinkFault) => void;
};

/** What is known of a connection that is over. */
type Seen = {
  readonly code: number;
  /** Of the answer to the handshake, where it was not 101. */
  readonly status: number | undefined;
  readonly fault: string;
  readonly abusive: boolean;
  /** A certificate that is not to be trusted, or no TLS at all. */
  readonly hopeless: boolean;
  readonly wasUp: boolean;
};

/** The documented name, and the one that jambonz's own library for listeners insists on. The server takes one. */
const subprotocols = ['audio.jambonz.org', 'audio.drachtio.org'];

/** Closings that say: come back. RFC 6455 §7.4.1 and its registry. */
const comeBack = new Set([1001, 1006, 1011, 1012, 1013, 1014]);
/** Answers to a handshake that may be others a moment later. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

export class Link {
  readonly #options: LinkOptions;
  #socket: WebSocket | undefined;
  #attempt = 0;
  #timer: Timer | undefined;
  #ping: Timer | undefined;
  #answered = true;
  #over = false;
  connections = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#dial();
  }

  /** Is the listener there now. */
  get up(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Bytes the network has not taken yet. */
  get waiting(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(data: Buffer | string): void {
    this.#socket?.send(data, ignoreFault);
  }

  /** Stops or goes on reading: the listener's own flood waits at its end. */
  hold(yes: boolean): void {
    if (!this.up) return;
    if (yes) this.#socket?.pause();
    else this.#socket?.resume();
  }

  /** Ends it for good, saying goodbye. */
  close(code: number, reason: string): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#ping?.cancel();
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.readyState === WebSocket.OPEN) {
      // ws itself would wait 30 s for the other's goodbye.
      const cut = this.#options.clock.after(limits.goodbyeMs, `stream ${this.#options.stream} goodbye`, () =>
        socket.terminate(),
      );
      socket.once('close', () => cut.cancel());
      socket.resume();
      socket.close(code, reason);
    } else socket.terminate();
  }

  #dial(): void {
    const { place } = this.#options;
    const socket = new WebSocket(place.url, subprotocols, {
      lookup: only(place.addresses),
      handshakeTimeout: limits.handshakeMs,
      maxPayload: limits.messageBytes,
      // A compressed frame is a bomb in waiting, and sound does not shrink.
      perMessageDeflate: false,
      followRedirects: false,
      ...(place.authorization === undefined ? {} : { headers: { authorization: place.authorization } }),
    });
    this.#socket = socket;
    let fault = '';
    let status: number | undefined;
    let abusive = false;
    let hopeless = false;
    socket.on('open', () => this.#opened(socket));
    socket.on('message', (data: RawData, binary) => this.#options.message(data as Buffer, binary));
    socket.on('pong', () => {
      this.#answered = true;
    });
    socket.on('unexpected-response', (_, response) => {
      status = response.statusCode ?? 0;
      fault = `the handshake was answered with ${status}`;
      socket.terminate();
    });
    socket.on('error', (error: Error & { code?: string }) => {
      abusive ||= breaksProtocol(error);
      hopeless ||= /CERT|VERIFY|^EPROTO|^ERR_(?:TLS|SSL)/.test(error.code ?? '');
      fault ||= describe(error);
    });
    socket.once('close', (code: number) => {
      if (this.#socket !== socket) return;
      this.#lost({ code, status, fault, abusive, hopeless, wasUp: this.#ping !== undefined });
    });
  }

  #opened(socket: WebSocket): void {
    const { clock, stream } = this.#options;
    this.connections++;
    const steady = clock.after(limits.steadyMs, `stream ${stream} steady`, () => {
      this.#attempt = 0;
    });
    socket.once('close', () => steady.cancel());
    this.#answered = true;
    this.#ping = clock.every(limits.pingMs, `stream ${stream} ping`, () => {
      if (!this.#answered) socket.terminate();
      this.#answered = false;
      if (socket.readyState === WebSocket.OPEN) socket.ping(undefined, undefined, ignoreFault);
    });
    this.#options.opened(this.connections);
  }

  #lost(seen: Seen): void {
    this.#ping?.cancel();
    this.#ping = undefined;
    this.#socket = undefined;
    if (this.#over) return;
    const { code, status, fault } = seen;
    const why = fault || (code === 1006 ? 'the connection was lost' : `the listener closed it with ${code}`);
    if (seen.abusive) return this.#end({ end: seen.wasUp ? 'abusive' : 'refused', why });
    if (seen.hopeless || (status !== undefined && !passing.has(status))) return this.#end({ end: 'refused', why });
    if (seen.wasUp && !comeBack.has(code)) return this.#end({ end: 'closed', why });
    this.#attempt++;
    if (this.#attempt >= limits.attempts) return this.#end({ end: 'unreachable', why });
    const wait = limits.backoffMs[this.#attempt - 1] ?? limits.backoffMs.at(-1)!;
    this.#timer = this.#options.clock.after(wait, `stream ${this.#options.stream} retry`, () => this.#dial());
    this.#options.interrupted(why, wait);
  }

  #end(fault: LinkFault): void {
    this.#over = true;
    this.#options.over(fault);
  }
}

/** ws says so by these codes, and in a handshake by these words (another subprotocol than ours, or none). */
function breaksProtocol(error: Error & { code?: string }): boolean {
  return error.code === undefined ? /^(?:Server sent|Invalid )/.test(error.message) : error.code.startsWith('WS_ERR_');
}

function ignoreFault(): void {}

/** An error of the network in few words: its text may name what is nobody's business. */
function describe(error: Error & { code?: string }): string {
  return (error.code ?? error.message).slice(0, 200);
}

/** Whatever the name says now: the addresses that were checked. */
function only(addresses: StreamPlace['addresses']): LookupFunction {
  return (_, options, done) => {
    const [first] = addresses;
    if (first === undefined) done(new Error('no address'), '', 0);
    else if (options.all === true) done(null, [...addresses]);
    else done(null, first.address, first.family);
  };
}
