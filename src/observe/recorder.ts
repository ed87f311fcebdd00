/** The call path's side of timelines: takes trace events and puts them with their session. Copies bytes, pushes, and
 * formats nothing; what is settled is written a little at a time, off the call path. */
import type { CallTrace, Clock, HookTrace, LinkTrace, SipTrace, Timer, TraceEvent } from '../base/index.ts';
import { encodeExtent, type PendingEvent } from './events.ts';
import { keepSip, PreLink } from './prelink.ts';

export type Extent = { readonly segment: number; readonly offset: number; readonly length: number };

/** One session as the index knows it. */
export type Session = {
  readonly sid: string;
  accountSid: string | undefined;
  readonly callSids: string[];
  readonly callIds: string[];
  pending: PendingEvent[];
  extents: Extent[];
  /** Bytes taken so far, against `maxSessionBytes`. */
  bytes: number;
  lost: number;
  /** When the oldest pending event came; -1 while nothing is pending. */
  dirtyAt: number;
  endedAt: number | undefined;
};

export type RecorderOptions = {
  readonly clock: Clock;
  /** Takes settled events away. */
  readonly write: (chunks: readonly { readonly session: Session; readonly bytes: Buffer }[]) => void;
  /** A session has ended and been written: the index may let it go when it must. */
  readonly finished: (session: Session) => void;
};

/** Events lie this long in memory before they are written, so that a short call is one extent. */
const settleMs = 3000;
/** Pause between two slices of writing, and how long a slice may take: a burst of calls must not wait for us. */
const sliceEveryMs = 10;
const sliceMs = 0.5;
/** Past this much unwritten the slices grow. */
const highWater = 16 * 1024 * 1024;
/** Past this much unwritten events are counted and dropped. */
const fullWater = 64 * 1024 * 1024;
const maxSessionBytes = 2 * 1024 * 1024;
/** Guess of what an event costs beside its bytes. */
const eventCost = 256;

export class Recorder {
  readonly sessions = new Map<string, Session>();
  readonly byCallSid = new Map<string, Session>();
  readonly #options: RecorderOptions;
  readonly #byCallId = new Map<string, Session>();
  readonly #prelink = new PreLink();
  /** Sessions with pending events, the longest waiting first. */
  readonly #dirty = new Set<Session>();
  /** Ended sessions that still take stray retransmissions. */
  readonly #ended = new Set<Session>();
  #pendingBytes = 0;
  #timer: Timer | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Call-IDs whose session is not known yet. */
  get unlinked(): number {
    return this.#prelink.size;
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

  /** Encodes what is pending of one session now: somebody wants to read it. */
  settle(session: Session): void {
    if (session.pending.length > 0) this.#options.write([this.#encode(session)]);
  }

  /** Encodes everything: the server closes. */
  settleAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const chunks = Array.from(this.#dirty, (session) => this.#encode(session));
    if (chunks.length > 0) this.#options.write(chunks);
  }

  forget(session: Session): void {
    this.sessions.delete(session.sid);
    this.#dirty.delete(session);
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

  #session(sid: string): Session {
    let session = this.sessions.get(sid);
    if (session === undefined) {
      session = {
        sid,
        accountSid: undefined,
        callSids: [],
        callIds: [],
        pending: [],
        extents: [],
        bytes: 0,
        lost: 0,
        dirtyAt: -1,
        endedAt: undefined,
      };
      this.sessions.set(sid, session);
      this.#addCall(session, sid);
    }
    return session;
  }

  #addCall(session: Session, callSid: string): void {
    if (this.byCallSid.has(callSid)) return;
    this.byCallSid.set(callSid, session);
    session.callSids.push(callSid);
  }

  #sip(event: SipTrace): void {
    const session = this.#byCallId.get(event.callId);
    if (session === undefined) this.#prelink.keep(event);
    else if (this.#admits(session, event.bytes.length)) this.#push(session, keepSip(event));
  }

  #hook(event: HookTrace): void {
    const session = this.byCallSid.get(event.callSid);
    if (session !== undefined && this.#admits(session, 2048)) this.#push(session, event);
  }

  #call(event: CallTrace): void {
    const session = this.#session(event.sessionSid);
    this.#addCall(session, event.callSid);
    if (session.accountSid === undefined) {
      const accountSid = event.detail['accountSid'];
      if (typeof accountSid === 'string') session.accountSid = accountSid;
    }
    if (this.#admits(session, 0)) this.#push(session, event);
  }

  #link(event: LinkTrace): void {
    const session = this.#session(event.sessionSid);
    this.#addCall(session, event.callSid);
    if (this.#byCallId.get(event.callId) !== session) {
      this.#byCallId.set(event.callId, session);
      session.callIds.push(event.callId);
    }
    for (const sip of this.#prelink.take(event.callId)) {
      if (this.#admits(session, sip.bytes.length)) this.#push(session, sip);
    }
    // The link itself is an event: it says which leg a Call-ID is.
    this.#push(session, {
      kind: 'call',
      at: event.at,
      callSid: event.callSid,
      sessionSid: event.sessionSid,
      what: 'link',
      detail: { callId: event.callId },
    });
  }

  #end(sessionSid: string, at: number): void {
    const session = this.sessions.get(sessionSid);
    if (session === undefined || session.endedAt !== undefined) return;
    session.endedAt = at;
    this.#ended.add(session);
    this.#arm();
  }

  #admits(session: Session, bytes: number): boolean {
    const cost = bytes + eventCost;
    if (session.bytes + cost > maxSessionBytes || this.#pendingBytes > fullWater) {
      session.lost++;
      return false;
    }
    session.bytes += cost;
    this.#pendingBytes += cost;
    return true;
  }

  #push(session: Session, event: PendingEvent): void {
    session.pending.push(event);
    if (session.dirtyAt >= 0) return;
    session.dirtyAt = this.#options.clock.monotonic();
    this.#dirty.add(session);
    this.#arm();
  }

  #encode(session: Session): { session: Session; bytes: Buffer } {
    const { sid, accountSid, callSids, lost, pending } = session;
    session.pending = [];
    session.dirtyAt = -1;
    this.#dirty.delete(session);
    const bytes = encodeExtent({ sessionSid: sid, accountSid, callSids, lost }, pending);
    for (const event of pending) this.#pendingBytes -= cost(event);
    if (this.#dirty.size === 0) this.#pendingBytes = 0;
    return { session, bytes };
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.after(settleMs, 'timelines write', () => this.#slice());
  }

  /** Writes what has settled, for at most a slice of time. */
  #slice(): void {
    const { clock, write } = this.#options;
    this.#timer = undefined;
    const started = clock.monotonic();
    const until = started + (this.#pendingBytes > highWater ? sliceMs * 10 : sliceMs);
    const chunks = [];
    for (const session of this.#dirty) {
      if (session.dirtyAt + settleMs > started) break;
      chunks.push(this.#encode(session));
      if (clock.monotonic() > until) break;
    }
    if (chunks.length > 0) write(chunks);
    this.#release(clock.now());
    this.#rearm(started);
  }

  #rearm(now: number): void {
    const [oldest] = this.#dirty;
    if (oldest === undefined) {
      if (this.#ended.size > 0) this.#arm();
      return;
    }
    const wait = Math.max(sliceEveryMs, oldest.dirtyAt + settleMs - now);
    this.#timer ??= this.#options.clock.after(wait, 'timelines write', () => this.#slice());
  }

  /** Lets go of Call-IDs of sessions that ended a while ago. */
  #release(now: number): void {
    for (const session of this.#ended) {
      if ((session.endedAt ?? now) + settleMs > now) break;
      if (session.pending.length > 0) continue;
      this.#ended.delete(session);
      this.#unlink(session);
      this.#options.finished(session);
    }
  }

  #unlink(session: Session): void {
    for (const callId of session.callIds) if (this.#byCallId.get(callId) === session) this.#byCallId.delete(callId);
    session.callIds.length = 0;
  }
}

function cost(event: PendingEvent): number {
  if (event.kind === 'sip') return event.bytes.length + eventCost;
  return event.kind === 'hook' ? 2048 + eventCost : eventCost;
}
