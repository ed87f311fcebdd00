/** Hears of keys from rtpengine: over a TCP connection to its control port (listen-tcp-ng, dtmf-log-ng-tcp) come bencoded
 * dictionaries, each with a JSON text. While it is down, keys are heard only where the audio passes a worker. */
import net from 'node:net';
import type { Clock, Timer } from '../../base/index.ts';

export type HeardDigit = { readonly callId: string; readonly tag: string; readonly digit: string; readonly ms: number };

/** More than any event; what is longer without one is no event. */
const MOST_BYTES = 65_536;
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
  #kept = '';

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
    this.#kept = '';
    socket.on('connect', () => {
      this.#state = 'up';
      this.#options.changed(true);
    });
    socket.on('data', (bytes) => this.#take(bytes.toString('latin1')));
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

  /** The JSON in it is flat: it ends at the first closing brace. */
  #take(text: string): void {
    this.#kept += text;
    for (;;) {
      const from = this.#kept.indexOf('{');
      const to = this.#kept.indexOf('}', from);
      if (from < 0 || to < 0) break;
      const digit = readDigit(this.#kept.slice(from, to + 1));
      this.#kept = this.#kept.slice(to + 1);
      if (digit !== undefined) this.#options.heard(digit);
    }
    if (this.#kept.length > MOST_BYTES) this.#socket?.destroy();
  }
}

/** Undefined when it is not the event of a key. */
export function readDigit(text: string): HeardDigit | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { type, callid, source_tag: tag, event, duration } = said as Record<string, unknown>;
  const digit = typeof event === 'number' ? KEYS[event] : undefined;
  if (type !== 'DTMF' || typeof callid !== 'string' || typeof tag !== 'string' || digit === undefined) return undefined;
  return { callId: callid, tag, digit, ms: Number(duration) || 0 };
}
