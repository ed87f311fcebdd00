/** A verb at work. It declares what it needs of the call, and only knows how to run and how to stop. */
import { callInfo, InboundLeg, type Leg, type Session } from '../call/index.ts';
import type { HookRef } from '../ports/index.ts';

/** What must be true before a verb runs. answered: an unanswered call is answered first (or given early media where the
 * verb asks for it). unanswered: skipped once the call was answered. */
export type Need = 'nothing' | 'answered' | 'unanswered' | 'stable';

/** What a verb leaves behind: a new application, when its hook answered with one. */
export type Outcome = { readonly next?: unknown };

export interface Task {
  /** Resolves when the verb is done or was stopped. Never rejects for what the network did. */
  run(): Promise<Outcome>;
  /** The call is over or the application was replaced: end soon, still telling the hook; run() then resolves. */
  stop(): void;
}

export type TaskContext = { readonly session: Session; readonly caller: Leg };

/** Asks a verb's hook. Resolves with the document it answered with, if any. */
export async function askHook(
  context: TaskContext,
  hook: HookRef,
  body: Readonly<Record<string, unknown>>,
  id: string | undefined,
): Promise<Outcome> {
  const payload = { ...callInfo(context.caller), ...body, ...(id === undefined ? {} : { verb_id: id }) };
  const answer = await context.session.link.request(hook, 'verb:hook', payload);
  return answer.ok && answer.body !== undefined ? { next: answer.body } : {};
}

/** Makes sure something can be played to the caller. False when it is gone or cannot. */
export async function ensureAudio(caller: Leg, earlyMedia: boolean): Promise<boolean> {
  if (!(caller instanceof InboundLeg)) return caller.state === 'in-progress';
  if (earlyMedia && caller.unanswered && (await caller.earlyMedia())) return true;
  return caller.answer();
}
