/** Writes standing calls down as they change, so that they outlive the process. One that nobody has answered yet is written
 * once it has stood for a moment, one that was answered sooner: most failures, and what is hung up at once, are never written. */
import { hash } from 'node:crypto';
import { type Clock, Roster, type Timer } from '../../base/index.ts';
import type { StandingCalls } from '../../ports/index.ts';
import type { Leg } from '../leg.ts';
import type { Session } from '../session.ts';
import { isStanding, type LeftLeg, type LegSnapshot, type SessionSnapshot, snapshotVersion } from './snapshot.ts';

/** How long after a change it is written at most, ms; how long ago it was answered before it is, and how old one that nobody
 * has answered is. */
const PAUSE_MS = 50;
const ANSWERED_MS = 80;
const YOUNG_MS = 500;
/** A session refresh or a request moves a dialog without telling anybody: every call is looked at so often, ms; and how far
 * apart it is looked for those that are due. */
const ROUND_MS = 60_000;
const LOOK_MS = 1_000;
/** At most so many in one go: the others wait for the next. */
const AT_ONCE = 50;
const AT_ONCE_PAUSE_MS = 10;

export class StandingKeeper {
  readonly #store: StandingCalls;
  readonly #clock: Clock;
  /** Changed since they were written. */
  readonly #dirty = new Roster<string, Session>();
  /** What was written of each, to see whether it changed, and when that was looked at, monotonic ms: the longest ago first. */
  readonly #written = new Map<string, { session: Session; digest: string; readonly lookedAt: number }>();
  #timer: Timer | undefined;
  /** There while anything is written. */
  #rounds: Timer | undefined;

  constructor(options: { store: StandingCalls; clock: Clock; find: (sid: string) => Session | undefined }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#store.onStale((sid) => {
      const session = options.find(sid);
      if (session === undefined) return this.#store.drop(sid);
      const written = this.#written.get(sid);
      if (written !== undefined) written.digest = '';
      this.touch(session);
    });
  }

  /** Something of this call changed. */
  touch(session: Session): void {
    if (this.#store.nowhere === true) return;
    this.#dirty.set(session.sid, session);
    this.#timer ??= this.#clock.after(PAUSE_MS, 'standing calls', () => this.#write());
  }

  /** As touch, but at once where it was written before: what this says must not be done again. */
  rewrite(session: Session): void {
    if (this.#written.has(session.sid)) this.#keep(session);
  }

  /** As touch, but what was written before must not be carried on any more: a dial is about to tell its hook. Resolves when
   * it cannot be; `lost`: it is, by another node. */
  settle(session: Session): Promise<'ours' | 'lost' | 'unknown'> {
    this.rewrite(session);
    return this.#store.settled(session.sid);
  }

  /** Writes what changed, the youngest calls too, without a pause: the process is about to end. */
  flush(): void {
    this.#rest();
    for (const session of this.#dirty.values()) this.#keep(session);
    this.#dirty.clear();
    // A refresh moves a dialog without a touch.
    const written = Array.from(this.#written.values(), ({ session }) => session);
    for (const session of written) this.#keep(session);
  }

  /** The call is over. */
  drop(session: Session): void {
    this.#dirty.delete(session.sid);
    this.#forget(session.sid);
    if (this.#dirty.size === 0) this.#rest();
  }

  close(): void {
    this.#rest();
    this.#rounds?.cancel();
    this.#rounds = undefined;
    this.#written.clear();
    this.#dirty.clear();
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #write(): void {
    this.#timer = undefined;
    let left = AT_ONCE;
    const now = this.#clock.now();
    for (const session of this.#dirty.values()) {
      if (isYoung(session.caller, now)) continue;
      if (left-- === 0) break;
      this.#dirty.delete(session.sid);
      this.#keep(session);
    }
    if (this.#dirty.size === 0) return;
    const ms = left < 0 ? AT_ONCE_PAUSE_MS : PAUSE_MS;
    this.#timer = this.#clock.after(ms, 'standing calls', () => this.#write());
  }

  #keep(session: Session): void {
    const snapshot = snapshotOf(session);
    if (snapshot === undefined) return this.#forget(session.sid);
    const text = JSON.stringify(snapshot);
    const digest = hash('sha1', text, 'base64');
    const before = this.#written.get(session.sid);
    this.#written.delete(session.sid);
    this.#written.set(session.sid, { session, digest, lookedAt: this.#clock.monotonic() });
    this.#rounds ??= this.#clock.every(LOOK_MS, 'standing calls round', () => this.#look());
    if (before?.digest !== digest) this.#store.keep(session.sid, text, tagsOf(snapshot));
  }

  #look(): void {
    const due = this.#clock.monotonic() - ROUND_MS;
    for (const { session, lookedAt } of this.#written.values()) {
      if (lookedAt > due) return;
      this.touch(session);
    }
  }

  #forget(sid: string): void {
    if (!this.#written.delete(sid)) return;
    this.#store.drop(sid);
    if (this.#written.size > 0) return;
    this.#rounds?.cancel();
    this.#rounds = undefined;
  }
}

/** Undefined: it is over. */
export function snapshotOf(session: Session): SessionSnapshot | undefined {
  const { caller, connection } = session;
  if (caller.end !== undefined) return undefined;
  const script = session.script.snapshot();
  const callee = connection === undefined ? undefined : standingLeg(connection.callee);
  const others = [...session.legs()].filter((leg) => leg !== caller && leg !== connection?.callee);
  return {
    version: snapshotVersion,
    caller: anyLeg(caller),
    callee,
    others: others.map(anyLeg),
    path: connection?.path.snapshot(),
    base: session.link.base,
    conversation: session.link.conversation,
    statusHook: session.statusHook,
    speech: session.speech,
    script: script === undefined || callee !== undefined ? script : { ...script, dial: undefined },
  };
}

/** Ours, of every dialog: a request of a far end is found by it, on whichever node it comes in. */
function tagsOf({ caller, callee, others }: SessionSnapshot): string[] {
  const legs = [caller, ...(callee === undefined ? [] : [callee]), ...others];
  return legs.filter(isStanding).map(({ dialog }) => dialog.localTag);
}

function anyLeg(leg: Leg): LegSnapshot | LeftLeg {
  const { identity, startedAt, rangAt, sipCallId, trunk, remoteHost, tag, callerId, state } = leg;
  const left = { identity, startedAt, rangAt, sipCallId, trunk, remoteHost, tag, callerId, state };
  return standingLeg(leg) ?? { ...left, invites: leg.left() };
}

function standingLeg(leg: Leg): LegSnapshot | undefined {
  const { dialog } = leg;
  if (dialog === undefined || leg.answeredAt === undefined || leg.end !== undefined) return undefined;
  return {
    identity: leg.identity,
    startedAt: leg.startedAt,
    rangAt: leg.rangAt,
    answeredAt: leg.answeredAt,
    talkUntil: leg.talkUntil,
    sipCallId: leg.sipCallId,
    trunk: leg.trunk,
    remoteHost: leg.remoteHost,
    transport: leg.transport,
    tag: leg.tag,
    callerId: leg.callerId,
    muted: leg.media?.muted ?? false,
    dialog: dialog.snapshot(),
    media: leg.media?.snapshot(),
    carrierSid: leg.carrierSid,
  };
}

/** A clock that was set back makes nobody young. */
function isYoung({ answeredAt, startedAt }: Leg, now: number): boolean {
  const age = now - (answeredAt ?? startedAt);
  return age >= 0 && age < (answeredAt === undefined ? YOUNG_MS : ANSWERED_MS);
}
