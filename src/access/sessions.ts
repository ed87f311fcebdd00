/** Who is signed in. The token is the browser's alone; the store keeps its hash, and everything that may have changed since
 * (role, account, password, the key's expiry) is looked up anew at each use. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type Clock, Emitter, messageOf, type Log, type Random, type Timer } from '../base/index.ts';
import type { ApiKey, Directory, Role, User, WebSession, WebSessions } from '../ports/index.ts';

/** Somebody signed in, as they are now. */
export type SignedIn = {
  readonly session: WebSession;
  readonly csrf: string;
  readonly person: Person;
};

export type Person = {
  readonly userSid: string | undefined;
  readonly keySid: string | undefined;
  readonly name: string;
  readonly email: string | undefined;
  readonly role: Role;
  /** undefined: the whole server. */
  readonly accountSid: string | undefined;
};

export type SessionsOptions = {
  readonly store: WebSessions;
  readonly directory: Pick<Directory, 'get' | 'events'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Unused so long, it ends. */
  readonly idleMs: number;
  /** However busy, it ends. */
  readonly longestMs: number;
};

/** Each use is not worth a write; a minute is. */
const touchMs = 60_000;
const sweepMs = 60_000;
/** 256 bits. */
const tokenBytes = 32;
/** One person's browsers; the oldest goes. */
const mostOfOne = 20;

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export function personOfUser(user: User): Person {
  const { sid, name, email, role, accountSid } = user;
  return { userSid: sid, keySid: undefined, name, email, role, accountSid };
}

export function personOfKey(key: ApiKey): Person {
  const role = key.accountSid === undefined ? 'admin' : 'account';
  const { sid, name = 'API key', accountSid } = key;
  return { userSid: undefined, keySid: sid, name, email: undefined, role, accountSid };
}

export class Sessions {
  /** `ended`: hashes of sessions that are over. */
  readonly events = new Emitter<{ ended: [hashes: readonly string[]] }>();
  readonly #options: SessionsOptions;
  readonly #sweeper: Timer;
  readonly #off: () => void;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#sweeper = options.clock.every(sweepMs, 'web sessions', () => void this.#sweep());
    this.#off = options.directory.events.on('changed', (kind, sid) => {
      if (kind === 'user') void this.#recheck(sid);
    });
  }

  /** Begins a session, always with a token of its own: one that was there before proves nothing (session fixation). */
  async begin(person: Person, address: string): Promise<{ token: string; signedIn: SignedIn }> {
    const { store, clock, random, longestMs } = this.#options;
    const token = random.bytes(tokenBytes).toString('base64url');
    const now = clock.now();
    const session: WebSession = {
      hash: hashOf(token),
      ...(person.userSid === undefined ? {} : { userSid: person.userSid }),
      ...(person.keySid === undefined ? {} : { keySid: person.keySid }),
      createdAt: now,
      seenAt: now,
      expiresAt: now + longestMs,
      address: address.slice(0, 64),
    };
    await this.#makeRoom(session);
    await store.putSession(session);
    return { token, signedIn: { session, csrf: csrfOf(token), person } };
  }

  /** Who has this token, if it still counts for anything. */
  async find(token: string): Promise<SignedIn | undefined> {
    if (token.length === 0 || token.length > 128) return undefined;
    const { store, clock, idleMs } = this.#options;
    const session = await store.session(hashOf(token));
    if (session === undefined) return undefined;
    const now = clock.now();
    const over = session.expiresAt <= now || session.seenAt + idleMs <= now;
    const person = over ? undefined : this.#personOf(session);
    if (person === undefined) {
      await this.#end([session.hash]);
      return undefined;
    }
    if (now - session.seenAt >= touchMs) await store.touchSession(session.hash, now);
    return { session, csrf: csrfOf(token), person };
  }

  /** Does it still stand? For streams that outlast the request that opened them; not a use. */
  async stands({ hash }: WebSession): Promise<boolean> {
    const session = await this.#options.store.session(hash);
    return (
      session !== undefined && session.expiresAt > this.#options.clock.now() && this.#personOf(session) !== undefined
    );
  }

  end(session: WebSession): Promise<void> {
    return this.#end([session.hash]);
  }

  /** All of one person, but perhaps the one they use now. */
  async endAllOf(owner: { userSid: string } | { keySid: string }, except?: string): Promise<void> {
    const all = await this.#options.store.sessionsOf(owner);
    await this.#end(all.map(({ hash }) => hash).filter((hash) => hash !== except));
  }

  close(): void {
    this.#sweeper.cancel();
    this.#off();
    this.events.clear();
  }

  #personOf(session: WebSession): Person | undefined {
    const { directory, clock } = this.#options;
    const { userSid, keySid, createdAt } = session;
    if (keySid !== undefined) {
      const key = directory.get('apiKey', keySid);
      const expired = key?.expiresAt !== undefined && key.expiresAt <= clock.now();
      return key === undefined || expired ? undefined : personOfKey(key);
    }
    const user = userSid === undefined ? undefined : directory.get('user', userSid);
    if (user === undefined || !user.isActive || user.passwordChangedAt > createdAt) return undefined;
    if (user.accountSid !== undefined && directory.get('account', user.accountSid) === undefined) return undefined;
    return personOfUser(user);
  }

  async #makeRoom({ userSid, keySid }: WebSession): Promise<void> {
    const owner = userSid === undefined ? { keySid: keySid ?? '' } : { userSid };
    const all = [...(await this.#options.store.sessionsOf(owner))].sort((a, b) => b.seenAt - a.seenAt);
    await this.#end(all.slice(mostOfOne - 1).map(({ hash }) => hash));
  }

  /** A user was changed, here or at another node: sessions that no longer count end now. */
  async #recheck(userSid: string): Promise<void> {
    try {
      const all = await this.#options.store.sessionsOf({ userSid });
      await this.#end(all.filter((each) => this.#personOf(each) === undefined).map(({ hash }) => hash));
    } catch (fault) {
      this.#options.log.warn({ reason: messageOf(fault) }, 'sessions of a changed user could not be ended at once');
    }
  }

  async #end(hashes: readonly string[]): Promise<void> {
    if (hashes.length === 0) return;
    for (const hash of hashes) await this.#options.store.removeSession(hash);
    this.events.emit('ended', hashes);
  }

  async #sweep(): Promise<void> {
    const { store, clock, idleMs, log } = this.#options;
    try {
      const ended = await store.pruneSessions(clock.now(), clock.now() - idleMs);
      if (ended.length > 0) this.events.emit('ended', ended);
    } catch (fault) {
      log.warn({ reason: messageOf(fault) }, 'ended sessions could not be removed');
    }
  }
}

/** Follows from the token, which scripts of other pages cannot read; nothing has to be kept. */
function csrfOf(token: string): string {
  return createHmac('sha256', token).update('graine csrf').digest('base64url');
}

export function sameText(a: string, b: string): boolean {
  const [x, y] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()];
  return timingSafeEqual(x, y);
}
