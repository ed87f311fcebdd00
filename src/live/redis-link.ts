/** The connection to Redis: scripts by their digest, every command within its time, reconnection with growing pauses. Nothing
 * is queued here: what cannot be sent now is refused now. */
import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { type ScriptName, scripts } from './scripts.ts';

/** ms. A command that takes longer has failed; a connection that is silent that long while asked is given up. */
export const patience = 1_000;
const limits = { socket: 2_000, connect: 2_000, pause: 2_000 } as const;

const digests = new Map<ScriptName, string>(
  Object.entries(scripts).map(([name, source]) => [
    name as ScriptName,
    createHash('sha1').update(source).digest('hex'),
  ]),
);

type Events = { readonly onReady: () => void; readonly onClosed: (reason: string) => void };

export class RedisLink {
  readonly #redis: Redis;
  #fault = 'the connection is closed';

  constructor(url: string, { onReady, onClosed }: Events) {
    this.#redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: limits.connect,
      commandTimeout: patience,
      socketTimeout: limits.socket,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), limits.pause),
    });
    this.#redis.on('error', (fault: Error) => {
      this.#fault = fault.message;
    });
    this.#redis.on('ready', onReady);
    this.#redis.on('close', () => onClosed(this.#fault));
  }

  /** Resolves when the first attempt has ended, either way; further ones follow by themselves. */
  async connect(): Promise<void> {
    await this.#redis.connect().catch((fault: Error) => {
      this.#fault = fault.message;
    });
  }

  async run(name: ScriptName, ...values: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.evalsha(digests.get(name) ?? '', 0, ...values);
    } catch (fault) {
      // A Redis that was restarted has forgotten the script; sending it teaches it again.
      if (!(fault instanceof Error) || !fault.message.startsWith('NOSCRIPT')) throw fault;
      return await this.#redis.eval(scripts[name], 0, ...values);
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}
