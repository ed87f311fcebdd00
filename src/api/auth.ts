/** Who is asking: Bearer keys, administrator or account scope, and a limit on guessing. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Clock, GraineError } from '../base/index.ts';
import type { ApiKey } from '../ports/index.ts';
import { adminOnly, missing, notAuthorized, tooManyFailures } from './errors.ts';
import type { ApiDirectory } from './options.ts';

/** `accountSid` undefined: the administrator, who sees all. */
export type Scope = { readonly keySid: string; readonly accountSid: string | undefined };

declare module 'fastify' {
  interface FastifyRequest {
    scope: Scope;
  }
}

const windowMs = 60_000;
const mostFailures = 10;
const mostSources = 10_000;

/** Counts wrong keys by source address; past the limit a source waits. */
export class Failures {
  readonly #clock: Clock;
  readonly #sources = new Map<string, { count: number; since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds this source must still wait; 0 when it may try. */
  waitOf(address: string): number {
    const source = this.#sources.get(address);
    if (source === undefined) return 0;
    const left = source.since + windowMs - this.#clock.monotonic();
    if (left <= 0) {
      this.#sources.delete(address);
      return 0;
    }
    return source.count >= mostFailures ? Math.ceil(left / 1000) : 0;
  }

  add(address: string): void {
    const source = this.#sources.get(address);
    if (source !== undefined) {
      source.count++;
      return;
    }
    if (this.#sources.size >= mostSources) {
      const [oldest] = this.#sources.keys();
      if (oldest !== undefined) this.#sources.delete(oldest);
    }
    this.#sources.set(address, { count: 1, since: this.#clock.monotonic() });
  }
}

/** Keys by the hash of their token; rebuilt after a change. */
class Keys {
  readonly #directory: ApiDirectory;
  readonly close: () => void;
  #byHash: Map<string, ApiKey> | undefined;

  constructor(directory: ApiDirectory) {
    this.#directory = directory;
    this.close = directory.events.on('changed', (kind) => {
      if (kind === 'apiKey') this.#byHash = undefined;
    });
  }

  find(token: string): ApiKey | undefined {
    this.#byHash ??= new Map(this.#directory.all('apiKey').map((key) => [key.tokenHash, key]));
    const hash = createHash('sha256').update(token).digest();
    const key = this.#byHash.get(hash.toString('hex'));
    if (key === undefined) return undefined;
    const kept = Buffer.from(key.tokenHash, 'hex');
    return kept.length === hash.length && timingSafeEqual(kept, hash) ? key : undefined;
  }
}

const bearer = 'bearer ';
const longestToken = 512;

function tokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined || header.slice(0, bearer.length).toLowerCase() !== bearer) return undefined;
  const token = header.slice(bearer.length).trim();
  return token === '' || token.length > longestToken ? undefined : token;
}

export type Gatekeeper = { admit(request: FastifyRequest): Scope; close(): void };

export function gatekeeper(directory: ApiDirectory, clock: Clock): Gatekeeper {
  const keys = new Keys(directory);
  const failures = new Failures(clock);
  return {
    admit(request) {
      const seconds = failures.waitOf(request.ip);
      if (seconds > 0) throw new GraineError(tooManyFailures, { address: request.ip, seconds });
      const token = tokenOf(request);
      const key = token === undefined ? undefined : keys.find(token);
      const expired = key?.expiresAt !== undefined && key.expiresAt <= clock.now();
      if (key === undefined || expired) {
        failures.add(request.ip);
        throw new GraineError(notAuthorized);
      }
      return { keySid: key.sid, accountSid: key.accountSid };
    },
    close: () => keys.close(),
  };
}

/** The tenant wall. Another account's things are as unknown as things that never were (attacks.md F1). */
export function wall(scope: Scope, accountSid: string, what: string): void {
  if (scope.accountSid !== undefined && scope.accountSid !== accountSid) throw missing(what);
}

export function requireAdmin(scope: Scope, what: string): void {
  if (scope.accountSid !== undefined) throw new GraineError(adminOnly, { what });
}

/** The account of the path, if the asker may know it. */
export function accountOf(directory: ApiDirectory, scope: Scope, accountSid: string): string {
  const what = `account ${accountSid}`;
  wall(scope, accountSid, what);
  if (directory.get('account', accountSid) === undefined) throw missing(what);
  return accountSid;
}
