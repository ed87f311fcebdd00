/** Which legs and sessions live here, by sid; and which leg a media endpoint belongs to. */
import { Roster } from '../base/index.ts';
import { DialogBook } from './dialog-book.ts';
import type { Leg } from './leg.ts';
import type { Listening } from './listening.ts';
import type { Session } from './session.ts';

export class Registry {
  readonly #legs = new Roster<string, Leg>();
  readonly #sessions = new Roster<string, Session>();
  /** How many sessions each account has. */
  readonly #perAccount = new Map<string, number>();
  readonly #endpoints = new Roster<string, Leg>();
  /** Ended legs whose record is still being written, by call sid. */
  readonly unwritten = new Roster<string, Leg>();
  /** By the name of their stream. */
  readonly listenings = new Map<string, Listening>();
  /** Whose dialog is whose. */
  readonly dialogs = new DialogBook();
  /** The session a leg belongs to is found by its sessionSid. */
  readonly onEmpty: Array<() => void> = [];

  addLeg(leg: Leg): void {
    this.#legs.set(leg.callSid, leg);
  }

  addEndpoint(endpoint: string, leg: Leg): void {
    this.#endpoints.set(endpoint, leg);
  }

  removeEndpoint(endpoint: string): void {
    this.#endpoints.delete(endpoint);
  }

  removeLeg(leg: Leg): void {
    this.#legs.delete(leg.callSid);
    this.dialogs.leave(leg);
    if (leg.media !== undefined) this.#endpoints.delete(leg.media.endpoint);
  }

  addSession(session: Session): void {
    this.#sessions.set(session.sid, session);
    this.#count(session.accountSid, 1);
  }

  removeSession(session: Session): void {
    if (this.#sessions.delete(session.sid)) this.#count(session.accountSid, -1);
    if (this.#sessions.size === 0) for (const tell of this.onEmpty.splice(0)) tell();
  }

  leg(callSid: string): Leg | undefined {
    return this.#legs.get(callSid);
  }

  legOfEndpoint(endpoint: string): Leg | undefined {
    return this.#endpoints.get(endpoint);
  }

  session(sid: string): Session | undefined {
    return this.#sessions.get(sid);
  }

  sessionOf(leg: Leg): Session | undefined {
    return this.#sessions.get(leg.identity.sessionSid);
  }

  legs(): IterableIterator<Leg> {
    return this.#legs.values();
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  sessionsOf(accountSid: string): number {
    return this.#perAccount.get(accountSid) ?? 0;
  }

  get size(): { legs: number; sessions: number; endpoints: number } {
    return { legs: this.#legs.size, sessions: this.#sessions.size, endpoints: this.#endpoints.size };
  }

  #count(accountSid: string, by: 1 | -1): void {
    const count = this.sessionsOf(accountSid) + by;
    if (count === 0) this.#perAccount.delete(accountSid);
    else this.#perAccount.set(accountSid, count);
  }

  /** Resolves when no session is left. */
  whenEmpty(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.onEmpty.push(resolve));
  }
}
