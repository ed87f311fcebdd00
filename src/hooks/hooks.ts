/** The way out to customers' applications and files, as one object with one end. */
import type { Clock, Random, TraceChannel } from '../base/index.ts';
import type { Alerts, AppContext, AppEvents, AppLink, Hooks } from '../ports/index.ts';
import type { AppSocket, SocketHouse, SocketLimits } from './app-socket.ts';
import { CallLink } from './call-link.ts';
import { HookClient } from './client.ts';
import type { Resolve } from './connections.ts';
import { EventLogs } from './events.ts';
import { fetchFile } from './fetch.ts';

export type HooksOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly alerts: Alerts;
  readonly trace: TraceChannel;
  /** Of the server: goes out as `User-Agent: graine/<version>`. */
  readonly version: string;
  /** The whole of one attempt, from waiting for a connection to the answer's last byte. */
  readonly timeoutSeconds: number;
  /** Loopback and private addresses may be called. Cloud metadata never. */
  readonly allowPrivateAddresses: boolean;
  readonly maxBodyBytes?: number;
  readonly connectTimeoutMs?: number;
  readonly connectionsPerOrigin?: number;
  /** Of a WebSocket application: how long it may take to acknowledge, and between two pings. */
  readonly ackTimeoutMs?: number;
  readonly pingMs?: number;
  /** How long `close` lets what is under way finish. */
  readonly drainMs?: number;
  /** Instead of the system's resolver. */
  readonly resolve?: Resolve;
  /** Extra certificate authorities, PEM. */
  readonly ca?: string;
};

const defaults = {
  maxBodyBytes: 1024 * 1024,
  connectTimeoutMs: 3000,
  connectionsPerOrigin: 256,
  drainMs: 5000,
  ackTimeoutMs: 5000,
  pingMs: 25_000,
};

export function createHooks(options: HooksOptions): Hooks {
  return new HookService(options);
}

class HookService implements Hooks, SocketHouse {
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #drainMs: number;
  readonly client: HookClient;
  readonly logs: EventLogs;
  readonly live = new Set<AppSocket>();
  readonly limits: SocketLimits;
  #pending = 0;
  #idle: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  constructor(given: HooksOptions) {
    const options = { ...defaults, ...given };
    this.#clock = options.clock;
    this.#userAgent = `graine/${options.version}`;
    this.#drainMs = options.drainMs;
    this.logs = new EventLogs(options);
    this.limits = {
      handshakeMs: options.connectTimeoutMs,
      ackMs: options.ackTimeoutMs,
      pingMs: options.pingMs,
      maxBytes: options.maxBodyBytes,
    };
    this.client = new HookClient({
      clock: options.clock,
      random: options.random,
      alerts: options.alerts,
      trace: options.trace,
      userAgent: this.#userAgent,
      timeoutMs: options.timeoutSeconds * 1000,
      maxBytes: options.maxBodyBytes,
      connectionsPerOrigin: options.connectionsPerOrigin,
      allowPrivate: options.allowPrivateAddresses,
      connectTimeoutMs: options.connectTimeoutMs,
      resolve: options.resolve,
      ca: options.ca,
    });
  }

  open(context: AppContext): AppLink {
    return new CallLink(this, context);
  }

  async fetch(url: string, options: Parameters<Hooks['fetch']>[1]): ReturnType<Hooks['fetch']> {
    this.add();
    try {
      return await fetchFile({ client: this.client, clock: this.#clock, userAgent: this.#userAgent }, url, options);
    } finally {
      this.remove();
    }
  }

  events(accountSid: string, callSid: string, after: number): AppEvents | undefined {
    return this.logs.find(accountSid, callSid)?.after(after);
  }

  pending(): number {
    return this.#pending;
  }

  add(): void {
    this.#pending++;
  }

  remove(): void {
    this.#pending--;
    if (this.#pending > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const go of waiting) go();
  }

  /** Waits for what is under way, but not for long, then cuts the rest. */
  close(): Promise<void> {
    return (this.#closed ??= this.#drained().then(() => this.#cut()));
  }

  #cut(): Promise<void> {
    for (const socket of this.live) socket.abort();
    return this.client.close();
  }

  #drained(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#drainMs, 'hooks drain', resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
