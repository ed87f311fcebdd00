/** What is written down of a standing call, so that another process can carry it on. Plain data; times are ms since the
 * epoch. A snapshot of another version is not understood: such a call is ended in good order where that can be. */
import type { Conversation, HookRef, HookTarget } from '../../ports/index.ts';
import type { DialogSnapshot } from '../../sip/agent/index.ts';
import type { LeftInvites, LegIdentity } from '../leg.ts';
import type { LegState } from '../leg-state.ts';
import type { MediaSnapshot } from '../leg-media.ts';
import type { PathSnapshot } from '../media-path.ts';
import type { Session } from '../session.ts';

export const snapshotVersion = 1;

/** An answered leg. */
export type LegSnapshot = {
  readonly identity: LegIdentity;
  readonly startedAt: number;
  readonly rangAt: number | undefined;
  readonly answeredAt: number;
  readonly sipCallId: string;
  readonly trunk: string;
  readonly remoteHost: string;
  readonly transport?: string;
  readonly tag: Readonly<Record<string, unknown>> | undefined;
  readonly callerId: string | undefined;
  readonly muted: boolean;
  readonly dialog: DialogSnapshot;
  /** Undefined where nothing was agreed. Its keys are secret. */
  readonly media: MediaSnapshot | undefined;
  readonly talkUntil: number | undefined;
  /** The carrier it came or goes by. */
  readonly carrierSid: string | undefined;
};

/** A leg that is not carried on: nobody has answered, or a confirm application has the callee. It is ended in good order. */
export type LeftLeg = Pick<
  LegSnapshot,
  'identity' | 'startedAt' | 'rangAt' | 'sipCallId' | 'trunk' | 'remoteHost' | 'tag' | 'callerId'
> & {
  readonly state: LegState;
  readonly invites: LeftInvites;
};

/** Where the application is. */
export type ScriptSnapshot = {
  /** The verb that runs, to be begun again; undefined when none does, or what it had to tell was told. */
  readonly verb: unknown;
  /** The verb is a dial that has connected its callee: it is not begun again but goes on. */
  readonly dial: unknown;
  /** The verb is over but for its hook, which was asked and has not answered. */
  readonly owed?: unknown;
  /** Verbs that wait. */
  readonly rest: readonly unknown[];
  /** What `config` set. */
  readonly background: unknown;
};

export type SessionSnapshot = {
  readonly version: typeof snapshotVersion;
  readonly caller: LegSnapshot | LeftLeg;
  readonly callee: LegSnapshot | undefined;
  /** Those that ring, and those that are in their confirm applications. */
  readonly others: readonly (LegSnapshot | LeftLeg)[];
  readonly path: PathSnapshot | undefined;
  /** What relative hooks resolve against. */
  readonly base: HookTarget | undefined;
  /** With an application on a WebSocket. */
  readonly conversation?: Conversation | undefined;
  readonly statusHook: HookRef | undefined;
  readonly speech: Session['speech'];
  /** Undefined: no verb has begun. */
  readonly script: ScriptSnapshot | undefined;
};

/** Undefined: it is no snapshot that this version understands. */
export function readSnapshot(text: string): SessionSnapshot | undefined {
  try {
    const read = JSON.parse(text) as Partial<SessionSnapshot> | null;
    if (read?.version !== snapshotVersion || !Array.isArray(read.others)) return undefined;
    const legs = [read.caller, ...read.others, ...(read.callee === undefined ? [] : [read.callee])];
    return legs.every(isLeg) ? (read as SessionSnapshot) : undefined;
  } catch {
    return undefined;
  }
}

/** Answered, so that it can be carried on. */
export function isStanding(leg: LegSnapshot | LeftLeg): leg is LegSnapshot {
  return 'dialog' in leg;
}

function isLeg(leg: LegSnapshot | LeftLeg | undefined): boolean {
  if (typeof leg?.identity?.callSid !== 'string') return false;
  return isStanding(leg)
    ? leg.media === undefined || typeof leg.media.port === 'number'
    : typeof leg.invites === 'object';
}
