/** A streaming vendor's ear: 16-bit PCM out over a WebSocket, results in as JSON. What differs between vendors is a
 * dialect; what can go wrong is the same for all and handled here. */
import { WebSocket } from 'ws';
import { type Clock, Emitter, type Timer } from '../../base/index.ts';
import type { Transcript } from '../../ports/index.ts';
import { type Ear, VendorFault } from '../vendor.ts';

/** What one message of a vendor means. `done`: nothing more will come. */
export type Reading =
  | { readonly kind: 'result'; readonly transcript: Omit<Transcript, 'vendor'> }
  | { readonly kind: 'speaking' | 'ready' | 'nothing' | 'done' }
  | { readonly kind: 'fault'; readonly message: string };

export type Dialect = {
  readonly name: string;
  readonly url: URL;
  /** Some carry the key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent first. */
  readonly hello?: string;
  /** Sound may go only after a message that reads as `ready`. */
  readonly waits?: boolean;
  /** Sent now and then where there is no sound to send. */
  readonly keepAlive?: string;
  /** Says that no more sound comes. */
  readonly goodbye: string;
  /** Throws where the message is not of the protocol. */
  readonly read: (message: Readonly<Record<string, unknown>>) => Reading;
  /** Resolves and checks the vendor's address; undefined: the system's. */
  readonly lookup?: unknown;
};

const RATE = 16_000;
/** Sound goes in pieces of 100 ms: some vendors refuse shorter ones. */
const PIECE_BYTES = 3200;
/** Sound that waits for the connection, or for a vendor that does not read: 15 s, then the oldest is lost. */
const MOST_WAITING = 15 * RATE * 2;
/** As much may be on its way in the socket. */
const MOST_IN_SOCKET = RATE * 2;
const CONNECT_MS = 5000;
const ALIVE_MS = 5000;
/** No sign of life for so many of those: the vendor is gone. */
const SILENT_ROUNDS = 4;
const LAST_WORDS_MS = 4000;
const MOST_MESSAGE = 256 * 1024;
const MOST_TEXT = 10_000;
const MOST_ALTERNATIVES = 5;

export class SocketEar implements Ear {
  readonly events: Ear['events'] = new Emitter();
  readonly rate = RATE;
  readonly #clock: Clock;
  readonly #dialect: Dialect;
  readonly #socket: WebSocket;
  #state: 'connecting' | 'waiting' | 'streaming' | 'finishing' | 'closed' = 'connecting';
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #silentRounds = 0;
  #sentSince: 'yes' | 'no' = 'no';
  #beat: Timer | undefined;
  #last: Timer | undefined;
  #finished: () => void = () => {};

  constructor(clock: Clock, dialect: Dialect) {
    this.#clock = clock;
    this.#dialect = dialect;
    const { url, headers, lookup } = dialect;
    this.#socket = new WebSocket(url, {
      headers,
      handshakeTimeout: CONNECT_MS,
      maxPayload: MOST_MESSAGE,
      perMessageDeflate: false,
      followRedirects: false,
      ...(lookup === undefined ? {} : { lookup: lookup as never }),
    });
    this.#socket.on('open', () => this.#opened());
    this.#socket.on('message', (data, binary) => this.#message(data as Buffer, binary));
    this.#socket.on('pong', () => (this.#silentRounds = 0));
    this.#socket.on('unexpected-response', (request, response) => {
      request.destroy();
      this.#refused(response.statusCode ?? 0);
    });
    this.#socket.on('error', (fault) => this.#fail('unreachable', `cannot be reached: ${fault.message}`));
    this.#socket.on('close', (code) => this.#closed(code));
  }

  write(pcm: Int16Array): void {
    if (this.#state === 'finishing' || this.#state === 'closed') return;
    const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes > MOST_WAITING) this.#waitingBytes -= this.#waiting.shift()!.length;
    this.#send(PIECE_BYTES);
  }

  finish(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#finished = resolve;
      if (this.#state !== 'streaming') return this.#end();
      this.#send(2);
      this.#state = 'finishing';
      this.#socket.send(this.#dialect.goodbye);
      this.#last = this.#clock.after(LAST_WORDS_MS, `stt ${this.#dialect.name} last words`, () => this.#end());
    });
  }

  #opened(): void {
    if (this.#state !== 'connecting') return;
    const { hello, waits, name } = this.#dialect;
    if (hello !== undefined) this.#socket.send(hello);
    this.#state = waits === true ? 'waiting' : 'streaming';
    this.#beat = this.#clock.every(ALIVE_MS, `stt ${name} alive`, () => this.#alive());
    this.#send(PIECE_BYTES);
  }

  /** Sends what waits, once there is at least so much of it. */
  #send(least: number): void {
    if (this.#state !== 'streaming' || this.#waitingBytes < least) return;
    if (this.#socket.bufferedAmount > MOST_IN_SOCKET) return;
    this.#socket.send(Buffer.concat(this.#waiting));
    this.#sentSince = 'yes';
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #alive(): void {
    const { keepAlive } = this.#dialect;
    if (this.#state === 'waiting') return this.#fail('timeout', `did not begin within ${ALIVE_MS} ms`);
    if (++this.#silentRounds > SILENT_ROUNDS) return this.#fail('timeout', 'no longer answers');
    if (this.#socket.bufferedAmount > MOST_IN_SOCKET) return this.#fail('timeout', 'does not take the sound');
    if (keepAlive !== undefined && this.#sentSince === 'no' && this.#state === 'streaming')
      this.#socket.send(keepAlive);
    this.#sentSince = 'no';
    return this.#socket.ping();
  }

  #message(data: Buffer, binary: boolean): void {
    if (this.#state === 'closed') return;
    this.#silentRounds = 0;
    let reading: Reading;
    try {
      if (binary) throw new Error('binary');
      const message = JSON.parse(data.toString('utf8')) as unknown;
      if (typeof message !== 'object' || message === null) throw new Error('no object');
      reading = this.#dialect.read(message as Record<string, unknown>);
    } catch {
      return this.#fail('garbage', 'sent what is not of its protocol');
    }
    this.#obey(reading);
  }

  #obey(reading: Reading): void {
    switch (reading.kind) {
      case 'result':
        return this.#tell(reading.transcript);
      case 'speaking':
        return this.events.emit('speaking');
      case 'ready':
        if (this.#state === 'waiting') this.#state = 'streaming';
        return this.#send(PIECE_BYTES);
      case 'done':
        return this.#state === 'finishing' ? this.#end() : this.#fail('unreachable', 'ended the stream');
      case 'fault':
        return this.#fail('refused', `says: ${reading.message.slice(0, 200)}`);
      case 'nothing':
    }
  }

  #tell(transcript: Omit<Transcript, 'vendor'>): void {
    const alternatives = transcript.alternatives
      .slice(0, MOST_ALTERNATIVES)
      .map(({ transcript: text, confidence }) => ({ transcript: text.slice(0, MOST_TEXT).trim(), confidence }))
      .filter(({ transcript: text }) => text !== '');
    if (alternatives.length > 0)
      this.events.emit('result', { ...transcript, alternatives, vendor: this.#dialect.name });
  }

  #refused(status: number): void {
    const why = status === 401 || status === 403 ? ': the credential was refused' : '';
    this.#fail('refused', `answered ${status}${why}`);
  }

  #closed(code: number): void {
    if (this.#state === 'finishing') this.#end();
    else this.#fail('unreachable', `closed the connection (${code})`);
  }

  #fail(kind: VendorFault['kind'], why: string): void {
    if (this.#state === 'closed') return;
    const wasFinishing = this.#state === 'finishing';
    this.#end();
    if (!wasFinishing) this.events.emit('failed', new VendorFault(kind, `${this.#dialect.name} ${why}`));
  }

  #end(): void {
    this.#state = 'closed';
    this.#beat?.cancel();
    this.#last?.cancel();
    this.#waiting = [];
    // Before it is open there is nothing to say goodbye to; terminate() then raises an error that nobody needs.
    this.#socket.terminate();
    this.#finished();
  }
}

/** Of messages: a text, or the empty one. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Of messages: 0 to 1. Vendors that do not say how sure they are, are taken to be. */
export function confidenceOf(value: unknown): number {
  const number = value === undefined ? 1 : Number(value);
  return Number.isFinite(number) ? Math.min(1, Math.max(0, number)) : 0;
}
