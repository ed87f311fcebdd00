/** What runs a call's verbs, as the session sees it. Implemented by verbs/interpreter. */
import type { HookRef } from '../ports/index.ts';
import type { Leg } from './leg.ts';
import type { PathSnapshot } from './media-path.ts';
import type { Session } from './session.ts';
import type { ScriptSnapshot } from './standing/snapshot.ts';

/** What a dial of another process had connected; `path`: where the audio goes when it does not pass here. */
export type Connected = { readonly callee: Leg; readonly path: PathSnapshot | undefined };

/** Something of Graine's own in the place of an application's verbs. */
export type OwnTask = {
  /** Resolves when it is over: the verbs that follow go on. Never rejects. */
  run(): Promise<void>;
  /** The call ended, or the application was given something else to do: end soon. */
  stop(): void;
  /** Asked while it runs when the leg sends a REFER. */
  readonly referHook?: HookRef | undefined;
};

export interface Script {
  /** Runs a document of verbs and all that follows from its hooks; resolves when nothing is left to do. A document
   * that is not valid raises its alert and resolves with `invalid`. */
  run(payload: unknown): Promise<'done' | 'invalid'>;
  /** Goes on where another process was. */
  carryOn(from: ScriptSnapshot, connected: Connected | undefined): Promise<'done' | 'invalid'>;
  /** Where it is, as plain data; undefined when it is over. */
  snapshot(): ScriptSnapshot | undefined;
  /** Drops what runs and runs this instead. Faults: the document is refused and what runs goes on. */
  replace(payload: unknown): { ok: true } | { ok: false; faults: readonly string[] };
  /** Drops what runs and what waits, and runs this instead. */
  interpose(name: string, task: OwnTask): void;
  /** What beside the verbs needs the media here, if anything does. */
  readonly anchor: string | undefined;
  /** Adds verbs to those that wait. */
  append(payload: unknown): { ok: true } | { ok: false; faults: readonly string[] };
  /** The application can send nothing more: verbs that have run out are no longer waited for. */
  wake(): void;
  /** Runs one verb on a leg beside what runs: for the commands that are verbs. `leg` is any of the session's; for `config`
   * its first. */
  beside(leg: Leg, verb: unknown): Promise<{ ok: true } | { ok: false; faults: readonly string[] }>;
  /** Speaks to one leg alone, beside what runs: `play` and `say`, once each. Faults: nothing is said. */
  whisper(leg: Leg, payload: unknown): { ok: true } | { ok: false; faults: readonly string[] };
  /** Checks a document without running it. */
  check(payload: unknown): readonly string[];
  /** The call is over: stops the verb that runs, which may still tell its hook. run() resolves when it has. */
  stop(): void;
  /** What runs now, for dumps and REST. */
  dump(): { verb: string | undefined; waiting: number };
}

export type ScriptFactory = (session: Session) => Script;

/** An answer that asks for nothing: none at all, `[]`, `{}`, '' or null. What runs goes on. */
export function isNothing(document: unknown): boolean {
  if (document === undefined || document === null || document === '') return true;
  return typeof document === 'object' && Object.keys(document).length === 0;
}
