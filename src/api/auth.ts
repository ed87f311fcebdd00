/** Who is asking: a Bearer key, or the cookie of somebody signed in; what they may; and a limit on guessing keys. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type AuditTrail, type Person, personOfKey, sameText, type SignedIn } from '../access/index.ts';
import { type Clock, GraineError } from '../base/index.ts';
import type { ApiKey, Role } from '../ports/index.ts';
import { adminOnly, crossOrigin, missing, noCsrfToken, notAuthorized, readOnly, tooManyFailures } from './errors.ts';
import { NodeDoor } from './nodes/door.ts';
import type { ApiDirectory, ApiOptions } from './options.ts';

/** `accountSid` undefined: the whole server is theirs to see. */
export type Scope = {
  readonly person: Person;
  readonly role: Role;
  readonly accountSid: string | undefined;
  /** Of a request with a cookie. */
  readonly signedIn: SignedIn | undefined;
  /** Whose thing was worked on, for the audit log: the wall notes it. */
  readonly touched: { accountSid?: string };
  /** Another node passed it on; `address`: where the request came from there. */
  readonly via?: { readonly node: string; readonly address: string };
};

declare module 'fastify' {
  interface FastifyRequest {
    scope: Scope;
  }
  interface FastifyContextConfig {
    /** A change that those who otherwise only look may make: their own password. */
    anyRole?: boolean;
  }
}

export const cookieName = 'graine_session';
export const csrfHeader = 'x-csrf-token';

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

  /** How many it is now, within the window. */
  add(address: string): number {
    const source = this.#sources.get(address);
    if (source !== undefined) return ++source.count;
    if (this.#sources.size >= mostSources) {
      const [oldest] = this.#sources.keys();
      if (oldest !== undefined) this.#sources.delete(oldest);
    }
    this.#sources.set(address, { count: 1, since: this.#clock.monotonic() });
    return 1;
  }
}

/** Keys by the hash of their token; rebuilt after a change. Tokens are 200 random bits, so a plain SHA-256 is enough: there is
 * nothing to guess that a slower hash would protect. */
export class Keys {
  readonly #directory: ApiDirectory;
  readonly #clock: Clock;
  readonly close: () => void;
  #byHash: Map<string, ApiKey> | undefined;

  constructor(directory: ApiDirectory, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
    this.close = directory.events.on('changed', (kind) => {
      if (kind === 'apiKey') this.#byHash = undefined;
    });
  }

  /** The key of this token, if there is one and it has not expired. */
  find(token: string): ApiKey | undefined {
    this.#byHash ??= new Map(this.#directory.all('apiKey').map((key) => [key.tokenHash, key]));
    const hash = createHash('sha256').update(token).digest();
    const key = this.#byHash.get(hash.toString('hex'));
    if (key === undefined || (key.expiresAt !== undefined && key.expiresAt <= this.#clock.now())) return undefined;
    const kept = Buffer.from(key.tokenHash, 'hex');
    return kept.length === hash.length && timingSafeEqual(kept, hash) ? key : undefined;
  }

  /** Is it there still, and not expired? */
  stands(sid: string): boolean {
    const key = this.#directory.get('apiKey', sid);
    return key !== undefined && (key.expiresAt === undefined || key.expiresAt > this.#clock.now());
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

function changes(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD';
}

/** A page of another site cannot set this header nor pretend to another Origin. */
export function refuseOtherOrigins(request: FastifyRequest, origins: readonly string[]): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (origin === undefined) {
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new GraineError(crossOrigin, { origin: String(site).slice(0, 100) });
    return;
  }
  if (origins.includes(origin)) return;
  const host = URL.canParse(origin) ? new URL(origin).host : '';
  if (host === '' || host !== request.host) throw new GraineError(crossOrigin, { origin: origin.slice(0, 100) });
}

export type Gatekeeper = {
  /** Says in `request.scope` who asks; throws when they may not. */
  admit(request: FastifyRequest): Promise<void>;
  /** Seconds this source must wait before it may try a key. */
  readonly failures: Failures;
  readonly keys: Keys;
  close(): void;
};

type Parts = Pick<ApiOptions, 'directory' | 'clock' | 'sessions' | 'origins' | 'nodes' | 'log'> & {
  readonly audit: AuditTrail;
};

export function gatekeeper({ directory, clock, sessions, origins, audit, nodes, log }: Parts): Gatekeeper {
  const door = new NodeDoor({ nodes, directory, clock, log });
  const keys = new Keys(directory, clock);
  const failures = new Failures(clock);

  function refuse(request: FastifyRequest, token: string | undefined): never {
    const count = failures.add(request.ip);
    // One line a source and minute: a flood must not wash the log away.
    if (count === 1 && token !== undefined)
      audit.write({
        person: undefined,
        action: 'key-refused',
        what: 'ApiKeys',
        accountSid: undefined,
        address: request.ip,
      });
    throw new GraineError(notAuthorized);
  }

  function byKey(request: FastifyRequest): Scope {
    // Who brings no key guesses none: everybody who opens the portal's sign-in page asks so first.
    if (request.headers.authorization === undefined) throw new GraineError(notAuthorized);
    const seconds = failures.waitOf(request.ip);
    if (seconds > 0) throw new GraineError(tooManyFailures, { address: request.ip, seconds });
    const token = tokenOf(request);
    const key = token === undefined ? undefined : keys.find(token);
    return key === undefined ? refuse(request, token) : scopeOf(personOfKey(key), undefined);
  }

  async function byCookie(cookie: string): Promise<Scope> {
    // 256 random bits: there is nothing to guess, so an ended session counts as no failure.
    const signedIn = await sessions.find(cookie);
    if (signedIn === undefined) throw new GraineError(notAuthorized);
    return scopeOf(signedIn.person, signedIn);
  }

  function scopeFor(request: FastifyRequest): Scope | Promise<Scope> {
    if (request.headers['graine-node'] !== undefined) return door.admit(request);
    const cookie = request.headers.authorization === undefined ? request.cookies[cookieName] : undefined;
    return cookie === undefined ? byKey(request) : byCookie(cookie);
  }

  return {
    keys,
    failures,
    async admit(request) {
      // Known before it is judged: the audit log tells who was refused.
      request.scope = await scopeFor(request);
      if (!changes(request)) return;
      assertOwnPage(request, request.scope, origins);
      if (request.routeOptions.config.anyRole !== true) requireWriter(request.scope);
    },
    close: () => keys.close(),
  };
}

function scopeOf(person: Person, signedIn: SignedIn | undefined): Scope {
  return { person, role: person.role, accountSid: person.accountSid, signedIn, touched: {} };
}

/** A cookie comes along whatever page asks; the token and the Origin say that it was ours. */
function assertOwnPage(request: FastifyRequest, scope: Scope, origins: readonly string[]): void {
  if (scope.signedIn === undefined) return;
  refuseOtherOrigins(request, origins);
  const sent = request.headers[csrfHeader];
  if (typeof sent !== 'string' || !sameText(sent, scope.signedIn.csrf)) throw new GraineError(noCsrfToken);
}

function requireWriter({ role }: Pick<Scope, 'role'>): void {
  if (role === 'read-only') throw new GraineError(readOnly);
}

/** For a change that comes as a GET. */
export function requireChange(request: FastifyRequest, origins: readonly string[]): void {
  requireWriter(request.scope);
  assertOwnPage(request, request.scope, origins);
}

/** Secrets are for those who may also change them. */
export function requireSecrets(scope: Scope): void {
  requireWriter(scope);
}

/** The tenant wall. Another account's things are as unknown as things that never were (attacks.md F1). */
export function wall(scope: Scope, accountSid: string, what: string): void {
  if (scope.accountSid !== undefined && scope.accountSid !== accountSid) throw missing(what);
  scope.touched.accountSid = accountSid;
}

export function requireAdmin(scope: Scope, what: string): void {
  if (scope.role !== 'admin') throw new GraineError(adminOnly, { what });
}

/** The account of the path, if the asker may know it. */
export function accountOf(directory: ApiDirectory, scope: Scope, accountSid: string): string {
  const what = `account ${accountSid}`;
  wall(scope, accountSid, what);
  if (directory.get('account', accountSid) === undefined) throw missing(what);
  return accountSid;
}
