/** Hears of keys from rtpengine: over a TCP connection to its control port (listen-tcp-ng, dtmf-log-ng-tcp) come bencoded
 * dictionaries. While it is down, keys are heard only where the audio passes a worker. */
import net from 'node:net';
import type { Clock, Timer } from '../../base/index.ts';
import { type Bencoded, bdecodeFirst } from './bencode.ts';
import { isDictionary } from './ng-client.ts';

export type HeardDigit = { readonly callId: string; readonly tag: string; readonly digit: string; readonly ms: number };

/** More than any event; what is longer without one is no event. */
const MOST_BYTES = 65_536;
const SPACE = 0x20;
const AGAIN_MS = 2000;
const KEYS = '0123456789*#ABCD';

export type DigitLinkOptions = {
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly heard: (digit: HeardDigit) => void;
  readonly changed: (up: boolean) => void;
};

export class DigitLink {
  readonly #options: DigitLinkOptions;
  #state: 'connecting' | 'up' | 'waiting' | 'closed' = 'waiting';
  #socket: net.Socket | undefined;
  #again: Timer | undefined;
  #kept: Buffer = Buffer.alloc(0);

  constructor(options: DigitLinkOptions) {
    this.#options = options;
    this.#connect();
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  close(): void {
    this.#state = 'closed';
    this.#again?.cancel();
    this.#socket?.destroy();
  }

  #connect(): void {
    this.#state = 'connecting';
    const { address, port } = this.#options;
    const socket = net.connect({ host: address, port });
    this.#socket = socket;
    this.#kept = Buffer.alloc(0);
    socket.on('connect', () => {
      this.#state = 'up';
      this.#options.changed(true);
    });
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => this.#lost());
  }

  #lost(): void {
    if (this.#state === 'closed') return;
    const was = this.#state;
    this.#state = 'waiting';
    this.#again = this.#options.clock.after(AGAIN_MS, 'rtpengine digit link', () => this.#connect());
    if (was === 'up') this.#options.changed(false);
  }

  /** Each event is like an answer to a command: a cookie, a space, a dictionary. */
  #take(bytes: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, bytes]);
    for (;;) {
      const space = this.#kept.indexOf(SPACE);
      const first = space < 0 ? undefined : bdecodeFirst(this.#kept.subarray(space + 1));
      if (first === undefined) break;
      this.#kept = this.#kept.subarray(space + 1 + first.length);
      const digit = readDigit(first.value);
      if (digit !== undefined) this.#options.heard(digit);
    }
    if (this.#kept.length > MOST_BYTES) this.#socket?.destroy();
  }
}

/** Undefined when it is not the event of a key. */
export function readDigit(said: Bencoded): HeardDigit | undefined {
  const data = isDictionary(said) && said['notify'] === 'onDTMF' ? said['data'] : undefined;
  if (!isDictionary(data)) return undefined;
  const { callid, source_tag: tag, event, duration } = data;
  const digit = typeof event === 'number' ? KEYS[event] : undefined;
  if (typeof callid !== 'string' || typeof tag !== 'string' || digit === undefined) return undefined;
  return { callId: callid, tag, digit, ms: Number(duration) || 0 };
}
