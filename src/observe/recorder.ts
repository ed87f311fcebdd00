/** The call path's side of timelines: finds the session of each trace event and writes it into the journal. A few
 * microseconds an event; nothing is formatted for people until somebody asks. */
import type { CallTrace, Clock, HookTrace, LinkTrace, SipTrace, Timer, TraceEvent } from '../base/index.ts';
import {
  callText,
  hookText,
  putCall,
  putHook,
  putSession,
  putSip,
  recordHead,
  sessionText,
  sipOverhead,
  type StoredCall,
} from './events.ts';
import type { Journal } from './journal.ts';
import { PreLink } from './prelink.ts';

/** One session as the index knows it. */
export type Session = {
  /** Its number in records. */
  readonly number: number;
  readonly sid: string;
  accountSid: string | undefined;
  readonly callSids: string[];
  readonly callIds: string[];
  /** Blocks that hold its records, oldest first. */
  readonly blocks: number[];
  /** The latest of them says all that is known of the session. */
  declared: boolean;
  /** Bytes taken so far, against `maxSessionBytes`. */
  bytes: number;
  lost: number;
  endedAt: number | undefined;
};

export type RecorderOptions = {
  readonly clock: Clock;
  readonly journal: Journal;
  /** A session has ended: the index may let it go when it must. */
  readonly finished: (session: Session) => void;
};

/** Ended sessions still take stray retransmissions for so long. */
const lingerMs = 5000;
const maxSessionBytes = 2 * 1024 * 1024;
/** What a record takes beside its text, about. */
const recordCost = 128;

export class Recorder {
  readonly byCallSid = new Map<string, Session>();
  readonly #options: RecorderOptions;
  readonly #byCallId = new Map<string, Session>();
  readonly #prelink = new PreLink();
  readonly #ended = new Set<Session>();
  #numbers = 0;
  /** Sessions that were let go. */
  #forgotten = 0;
  #timer: Timer | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** How many sessions are known. */
  get sessions(): number {
    return this.#numbers - this.#forgotten;
  }

  /** Call-IDs whose session is not known yet. */
  get unlinked(): number {
    return this.#prelink.size;
  }

  /** Call-IDs that lead to a session. */
  get linked(): number {
    return this.#byCallId.size;
  }

  handle(event: TraceEvent): void {
    switch (event.kind) {
      case 'sip':
        return this.#sip(event);
      case 'hook':
        return this.#hook(event);
      case 'call':
        return this.#call(event);
      case 'link':
        return this.#link(event);
      case 'end':
        return this.#end(event.sessionSid, event.at);
    }
  }

  forget(session: Session): void {
    this.#forgotten++;
    this.#ended.delete(session);
    for (const sid of session.callSids) if (this.byCallSid.get(sid) === session) this.byCallSid.delete(sid);
    this.#unlink(session);
  }

  /** Puts a session of an earlier process back into the index. */
  restore(sid: string, accountSid: string | undefined, callSids: readonly string[]): Session {
    const session = this.#session(sid);
    session.accountSid ??= accountSid;
    session.endedAt ??= this.#options.clock.now();
    for (const callSid of callSids) this.#addCall(session, callSid);
    return session;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#prelink.clear();
  }

  #session(sid: string): Session {
    const known = this.#find(sid);
    if (known !== undefined) return known;
    const session: Session = {
      number: ++this.#numbers,
      sid,
      accountSid: undefined,
      callSids: [sid],
      callIds: [],
      blocks: [],
      declared: false,
      bytes: 0,
      lost: 0,
      endedAt: undefined,
    };
    // Even of a call that began in another session: from now on it has its own.
    this.byCallSid.set(sid, session);
    return session;
  }

  /** A session is called by its first call. */
  #find(sid: string): Session | undefined {
    const session = this.byCallSid.get(sid);
    return session?.sid === sid ? session : undefined;
  }

  #addCall(session: Session, callSid: string): void {
    if (callSid === session.sid || this.byCallSid.has(callSid)) return;
    this.byCallSid.set(callSid, session);
    session.callSids.push(callSid);
    session.declared = false;
  }

  #sip(event: SipTrace): void {
    const session = this.#byCallId.get(event.callId);
    if (session === undefined) this.#prelink.keep(event);
    else this.#putSip(session, event);
  }

  #putSip(session: Session, event: SipTrace): void {
    const { length } = event.bytes;
    if (this.#admits(session, length)) putSip(this.#roomFor(session, length + sipOverhead), session.number, event);
  }

  #hook(event: HookTrace): void {
    const session = this.byCallSid.get(event.callSid);
    if (session === undefined) return;
    const text = hookText(event);
    if (!this.#admits(session, text.length)) return;
    putHook(this.#roomFor(session, recordHead + text.length * 3), session.number, text);
  }

  #call(event: CallTrace): void {
    const session = this.#session(event.sessionSid);
    this.#addCall(session, event.callSid);
    if (session.accountSid === undefined) this.#learnAccount(session, event.detail['accountSid']);
    this.#putCall(session, event);
  }

  #putCall(session: Session, event: StoredCall): void {
    const text = callText(event);
    if (!this.#admits(session, text.length)) return;
    putCall(this.#roomFor(session, recordHead + text.length * 3), session.number, text);
  }

  #learnAccount(session: Session, accountSid: unknown): void {
    if (typeof accountSid !== 'string') return;
    session.accountSid = accountSid;
    session.declared = false;
  }

  #link(event: LinkTrace): void {
    const session = this.#session(event.sessionSid);
    this.#addCall(session, event.callSid);
    if (this.#byCallId.get(event.callId) !== session) {
      this.#byCallId.set(event.callId, session);
      session.callIds.push(event.callId);
      // A leg that was still being made when its session ended must not stay linked for ever.
      if (session.endedAt !== undefined) this.#linger(session);
    }
    for (const sip of this.#prelink.take(event.callId)) this.#putSip(session, sip);
    // The link itself is an event: it says which leg a Call-ID is.
    const { at, callSid, callId } = event;
    this.#putCall(session, { kind: 'call', at, callSid, what: 'link', detail: { callId } });
  }

  #end(sessionSid: string, at: number): void {
    const session = this.#find(sessionSid);
    if (session === undefined || session.endedAt !== undefined) return;
    session.endedAt = at;
    this.#linger(session);
  }

  #linger(session: Session): void {
    this.#ended.add(session);
    this.#timer ??= this.#options.clock.after(lingerMs, 'timelines linger', () => this.#release());
  }

  #admits(session: Session, length: number): boolean {
    const cost = length + recordCost;
    if (session.bytes + cost > maxSessionBytes || !this.#options.journal.admits(length * 3 + 8192)) {
      session.lost++;
      return false;
    }
    session.bytes += cost;
    return true;
  }

  /** Room for a record of this session, in a block that says whose it is. */
  #roomFor(session: Session, length: number) {
    const { journal } = this.#options;
    const room = journal.room(length);
    if (session.declared && session.blocks.at(-1) === journal.block) return room;
    const { sid: sessionSid, accountSid, callSids, lost } = session;
    const owner = sessionText({ sessionSid, accountSid, callSids, lost });
    const both = journal.room(length + recordHead + owner.length * 3);
    if (session.blocks.at(-1) !== journal.block) session.blocks.push(journal.block);
    session.declared = true;
    putSession(both, session.number, owner);
    return both;
  }

  /** Lets go of Call-IDs of sessions that ended a while ago. */
  #release(): void {
    this.#timer = undefined;
    const now = this.#options.clock.now();
    for (const session of this.#ended) {
      if ((session.endedAt ?? now) + lingerMs > now) break;
      this.#ended.delete(session);
      this.#unlink(session);
      this.#options.finished(session);
    }
    if (this.#ended.size > 0) this.#timer = this.#options.clock.after(1000, 'timelines linger', () => this.#release());
  }

  #unlink(session: Session): void {
    for (const callId of session.callIds) if (this.#byCallId.get(callId) === session) this.#byCallId.delete(callId);
    session.callIds.length = 0;
  }
}
