/** One WebSocket connection to an application: RFC 6455, subprotocol ws.jambonz.org, to an address that was checked, TLS
 * verified, messages bounded both ways. */
import { WebSocket } from 'ws';
import { type Clock, messageOf, printable, type Timer } from '../base/index.ts';
import { AddressRefused, type Connections } from './connections.ts';
import type { SocketFault } from './socket-machine.ts';

export const subprotocol = 'ws.jambonz.org';

/** How long a peer may take to answer a close frame. */
export const closeMs = 2000;

export type WireOptions = {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Connecting, TLS and the handshake together. */
  readonly handshakeMs: number;
  /** Longest message the application may send. */
  readonly maxBytes: number;
  /** Between two pings; a ping that the next one finds unanswered ends the connection. */
  readonly pingMs: number;
  readonly label: string;
  readonly on: {
    opened(): void;
    /** undefined: a binary message. */
    message(text: string | undefined): void;
    /** The handshake did not succeed. Nothing follows. */
    failed(fault: SocketFault): void;
    /** An open connection is gone. Nothing follows. */
    dropped(fault: SocketFault): void;
  };
};

export class SocketWire {
  readonly #options: WireOptions;
  readonly #socket: WebSocket;
  #stage: 'handshake' | 'open' | 'over' = 'handshake';
  #timer: Timer;
  #answered = true;
  #reason: SocketFault | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    const { clock, connections, url, headers, handshakeMs, maxBytes, label, on } = options;
    this.#socket = new WebSocket(url, [subprotocol], {
      headers: { ...headers },
      maxPayload: maxBytes,
      // A few bytes could grow into a message of any length.
      perMessageDeflate: false,
      followRedirects: false,
      lookup: connections.lookup,
      rejectUnauthorized: true,
      ...(connections.ca === undefined ? {} : { ca: connections.ca }),
    });
    this.#timer = clock.after(handshakeMs, `${label} handshake`, () =>
      this.#over({ kind: 'timeout', message: `no WebSocket within ${handshakeMs} ms` }),
    );
    this.#socket.on('open', () => this.#opened());
    this.#socket.on('message', (data: Buffer, binary) => on.message(binary ? undefined : data.toString('utf8')));
    this.#socket.on('pong', () => (this.#answered = true));
    this.#socket.on('unexpected-response', (_, response) => {
      const { statusCode: status = 0 } = response;
      const kind = status === 404 ? 'not-found' : status === 401 || status === 403 ? 'auth' : 'status';
      this.#over({ kind, status, message: `the WebSocket handshake was answered ${status}` });
    });
    this.#socket.on('error', (error) => this.#failed(error));
    this.#socket.on('close', (code, reason) => {
      const words = printable(reason.toString('utf8'), 120);
      const message = `the WebSocket was closed (${code}${words === '' ? '' : ` ${words}`})`;
      this.#over(this.#reason ?? { kind: code === 1000 ? 'closed' : 'connection', message });
    });
  }

  /** False when it cannot be taken: too much waits for a peer that does not read. */
  send(text: string, mostWaiting: number): boolean {
    if (this.#stage !== 'open' || this.#socket.readyState !== WebSocket.OPEN) return false;
    if (this.#socket.bufferedAmount > mostWaiting) {
      this.#over({ kind: 'connection', message: 'the application does not read its WebSocket' });
      return false;
    }
    this.#socket.send(text);
    return true;
  }

  /** Sends the close frame; `dropped` follows when the application has answered it. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Ends it at once, and says nothing more. */
  cut(): void {
    this.#stage = 'over';
    this.#timer.cancel();
    this.#socket.terminate();
  }

  #opened(): void {
    if (this.#stage !== 'handshake') return;
    const { clock, pingMs, label, on } = this.#options;
    this.#stage = 'open';
    this.#timer.cancel();
    this.#timer = clock.every(pingMs, `${label} ping`, () => this.#ping());
    on.opened();
  }

  #ping(): void {
    if (!this.#answered) return this.#over({ kind: 'connection', message: 'the application does not answer pings' });
    this.#answered = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  /** Before the handshake is done this is all there is. After it `close` follows, once the peer has answered our close
   * frame; it need not. */
  #failed(error: Error): void {
    const refused = error instanceof AddressRefused;
    const tooLarge = (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    this.#reason = {
      kind: refused ? 'address-refused' : tooLarge ? 'too-large' : 'connection',
      message: printable(messageOf(error) || error.name, 300),
    };
    const fault = this.#reason;
    if (this.#stage === 'handshake') return this.#over(fault);
    if (this.#stage === 'over') return;
    this.#timer.cancel();
    this.#timer = this.#options.clock.after(closeMs, `${this.#options.label} close`, () => this.#over(fault));
  }

  #over(fault: SocketFault): void {
    const stage = this.#stage;
    if (stage === 'over') return;
    this.cut();
    if (stage === 'handshake') this.#options.on.failed(fault);
    else this.#options.on.dropped(fault);
  }
}
