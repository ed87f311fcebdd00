/** One rtpengine's control port: bencoded dictionaries over UDP, each with a cookie that its answer repeats. A datagram
 * may be lost, so a command is sent again with the same cookie; rtpengine remembers cookies and does nothing twice. */
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Clock, GraineError, type Random, type Timer } from '../../base/index.ts';
import { bdecode, bencode, type Bencoded } from './bencode.ts';
import * as fault from './faults.ts';

export type NgAnswer = { readonly [key: string]: Bencoded };
export type NgCommand = { readonly command: string; readonly [key: string]: Bencoded };

/** When a command is sent again, and when it is given up, ms after it was first sent. */
const RESEND_MS = [100, 300, 700] as const;
const GIVE_UP_MS = 1200;
/** What is said of a refusal in errors and logs. */
const MOST_REASON = 200;

type Waiting = {
  readonly command: string;
  readonly bytes: Buffer;
  readonly done: (answer: NgAnswer) => void;
  readonly failed: (error: GraineError) => void;
  tries: number;
  timer: Timer;
};

export type NgOptions = {
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Nobody listens there: the machine said so (ICMP). */
  readonly unreachable?: () => void;
};

export class NgClient {
  readonly #options: NgOptions;
  readonly #socket: dgram.Socket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #connected: Promise<void>;
  readonly #outgoing: Buffer[] = [];
  #state: 'open' | 'closed' = 'open';
  #count = 0;

  constructor(options: NgOptions) {
    this.#options = options;
    this.#socket = dgram.createSocket(isIPv6(options.address) ? 'udp6' : 'udp4');
    // Connected, the kernel drops what comes from anyone else, and tells of a port nobody listens at.
    this.#connected = new Promise((resolve) => this.#socket.connect(options.port, options.address, resolve));
    this.#socket.on('message', (bytes) => this.#heard(bytes));
    this.#socket.on('error', () => this.#unreachable());
  }

  get address(): string {
    return `${this.#options.address}:${this.#options.port}`;
  }

  /** Rejects when there is no answer in time, none that can be read, or a refusal. */
  async ask(command: NgCommand): Promise<NgAnswer> {
    await this.#connected;
    if (this.#state === 'closed') throw this.#error(fault.noAnswer, command.command);
    const cookie = `${this.#options.random.token(8)}${++this.#count}`;
    const bytes = Buffer.from(`${cookie} ${bencode(command)}`);
    return new Promise((done, failed) => {
      const timer = this.#later(cookie, RESEND_MS[0]);
      this.#waiting.set(cookie, { command: command.command, bytes, done, failed, tries: 0, timer });
      // Somebody waits for the port that answers an offer.
      if (command.command === 'offer') this.#send(bytes);
      else this.#atEndOfTurn(bytes);
    });
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#failAll();
    void this.#connected.then(() => this.#socket.close());
  }

  /** Nobody listens there: to wait on would be in vain. */
  #unreachable(): void {
    this.#failAll();
    this.#options.unreachable?.();
  }

  #failAll(): void {
    for (const [cookie, { command }] of this.#waiting) this.#fail(cookie, this.#error(fault.noAnswer, command));
  }

  /** A 200 that can go out does not wait for what rtpengine is told of it. */
  #atEndOfTurn(bytes: Buffer): void {
    this.#outgoing.push(bytes);
    if (this.#outgoing.length > 1) return;
    // oxlint-disable-next-line no-restricted-globals -- no timer: the end of this turn of the loop
    setImmediate(() => {
      for (const each of this.#outgoing.splice(0)) if (this.#state === 'open') this.#send(each);
    });
  }

  #send(bytes: Buffer): void {
    this.#socket.send(bytes, (error) => {
      if (error !== null) this.#unreachable();
    });
  }

  #later(cookie: string, ms: number): Timer {
    return this.#options.clock.after(ms, `rtpengine ${this.address} command`, () => this.#again(cookie));
  }

  #again(cookie: string): void {
    const waiting = this.#waiting.get(cookie);
    if (waiting === undefined) return;
    const sentAt = RESEND_MS[waiting.tries];
    if (sentAt === undefined) return this.#fail(cookie, this.#error(fault.noAnswer, waiting.command));
    this.#send(waiting.bytes);
    waiting.tries++;
    waiting.timer = this.#later(cookie, (RESEND_MS[waiting.tries] ?? GIVE_UP_MS) - sentAt);
  }

  #heard(bytes: Buffer): void {
    const space = bytes.indexOf(0x20);
    if (space < 1 || space > 64) return;
    const cookie = bytes.toString('latin1', 0, space);
    const waiting = this.#waiting.get(cookie);
    // Not asked, or answered already: a stranger's, or the second answer to a command sent twice.
    if (waiting === undefined) return;
    const answer = bdecode(bytes.subarray(space + 1));
    if (!isDictionary(answer)) return this.#fail(cookie, this.#error(fault.badAnswer, waiting.command));
    if (answer['result'] === 'error') {
      const why = String(answer['error-reason']).slice(0, MOST_REASON);
      return this.#fail(cookie, this.#error(fault.refused, waiting.command, why));
    }
    this.#drop(cookie)?.done(answer);
  }

  #fail(cookie: string, error: GraineError): void {
    this.#drop(cookie)?.failed(error);
  }

  #drop(cookie: string): Waiting | undefined {
    const waiting = this.#waiting.get(cookie);
    waiting?.timer.cancel();
    this.#waiting.delete(cookie);
    return waiting;
  }

  #error(code: string, command: string, why = ''): GraineError {
    return new GraineError(code, { address: this.address, command, why });
  }
}

export function isDictionary(value: Bencoded | undefined): value is NgAnswer {
  return typeof value === 'object' && !Array.isArray(value);
}
