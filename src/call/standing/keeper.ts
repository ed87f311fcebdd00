/** Writes standing calls down as they change, so that they outlive the process. A call is written once it has stood for a
 * moment: most failures and the shortest calls never touch the disk. */
import type { Clock, Timer } from '../../base/index.ts';
import type { StandingCalls } from '../../ports/index.ts';
import type { Leg } from '../leg.ts';
import type { Session } from '../session.ts';
import { type LeftLeg, type LegSnapshot, type SessionSnapshot, snapshotVersion } from './snapshot.ts';

/** How long after a change it is written, and how old a call is before it is, ms. */
const PAUSE_MS = 250;
const YOUNG_MS = 500;
/** A session refresh or a request moves a dialog without telling anybody: every call is looked at so often, ms. */
const ROUND_MS = 60_000;
/** At most so many in one go: the others wait for the next. */
const AT_ONCE = 50;
const AT_ONCE_PAUSE_MS = 10;

export class StandingKeeper {
  readonly #store: StandingCalls;
  readonly #clock: Clock;
  /** Changed since they were written. */
  readonly #dirty = new Set<Session>();
  /** What was written of each, to see whether it changed. */
  readonly #written = new Map<string, { session: Session; hash: number; round: Timer }>();
  #timer: Timer | undefined;

  constructor(options: { store: StandingCalls; clock: Clock; find: (sid: string) => Session | undefined }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#store.onStale((sid) => {
      const session = options.find(sid);
      if (session === undefined) return this.#store.drop(sid);
      const written = this.#written.get(sid);
      if (written !== undefined) written.hash = 0;
      this.touch(session);
    });
  }

  /** Something of this call changed. */
  touch(session: Session): void {
    this.#dirty.add(session);
    this.#timer ??= this.#clock.after(PAUSE_MS, 'standing calls', () => this.#write());
  }

  /** As touch, but what was written before must not be carried on any more: a dial has told its hook. */
  settle(session: Session): void {
    if (this.#written.has(session.sid)) this.#keep(session);
  }

  /** Writes what changed, the youngest calls too, without a pause: the process is about to end. */
  flush(): void {
    this.#rest();
    for (const session of this.#dirty) this.#keep(session);
    this.#dirty.clear();
    // A refresh moves a dialog without a touch.
    for (const { session } of this.#written.values()) this.#keep(session);
  }

  /** The call is over. */
  drop(session: Session): void {
    this.#dirty.delete(session);
    this.#forget(session.sid);
    if (this.#dirty.size === 0) this.#rest();
  }

  close(): void {
    this.#rest();
    for (const { round } of this.#written.values()) round.cancel();
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
    const grown = this.#clock.now() - YOUNG_MS;
    for (const session of this.#dirty) {
      if (session.caller.startedAt > grown) continue;
      if (left-- === 0) break;
      this.#dirty.delete(session);
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
    const hash = hashOf(text);
    const before = this.#written.get(session.sid);
    before?.round.cancel();
    const label = `call ${session.sid} standing`;
    const round = this.#clock.after(ROUND_MS, label, () => this.touch(session));
    this.#written.set(session.sid, { session, hash, round });
    if (before?.hash !== hash) this.#store.keep(session.sid, text);
  }

  #forget(sid: string): void {
    const written = this.#written.get(sid);
    if (written === undefined) return;
    written.round.cancel();
    this.#written.delete(sid);
    this.#store.drop(sid);
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
    statusHook: session.statusHook,
    speech: session.speech,
    script: script === undefined || callee !== undefined ? script : { ...script, dial: undefined },
  };
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
    tag: leg.tag,
    callerId: leg.callerId,
    muted: leg.media?.muted ?? false,
    dialog: dialog.snapshot(),
    media: leg.media?.snapshot(),
    carrierSid: leg.carrierSid,
  };
}

/** FNV-1a: enough to see that nothing changed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
