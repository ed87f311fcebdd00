/** A verb at work. It declares what it needs of the call, and only knows how to run and how to stop. */
import { callInfo, InboundLeg, type Leg, type Script, type Session } from '../call/index.ts';
import type { Background } from './background.ts';
import type { Delivery, HookAnswer, HookRef } from '../ports/index.ts';
import type { Waiting } from './schema/schema.ts';

/** What must be true before a verb runs. answered: an unanswered call is answered first (or given early media where the
 * verb asks for it). unanswered: skipped once the call was answered. */
export type Need = 'nothing' | 'answered' | 'unanswered' | 'stable';

/** What a verb leaves behind: a new application, when its hook answered with one. `hookFailed`: it was asked in vain. */
export type Outcome = { readonly next?: unknown; readonly hookFailed?: true };

/** anew: the verb is begun again. over: it has done what it had to do. Else where it is, as plain data: `owed`: all but the
 * answer of the hook that ends it. */
export type TaskStanding = 'anew' | 'over' | { readonly connected: unknown } | { readonly owed: OwedHook };

/** A hook that ends a verb, asked again by whoever carries the call on before it has answered. */
export type OwedHook = {
  readonly id: string;
  readonly hook: HookRef;
  readonly body: Readonly<Record<string, unknown>>;
};

export interface Task {
  /** Resolves when the verb is done or was stopped. Never rejects for what the network did. */
  run(): Promise<Outcome>;
  /** How another process would go on with it; begun anew where this is not said. */
  standing?(): TaskStanding;
  /** The call is over or the application was replaced: end soon, still telling the hook; run() then resolves. */
  stop(): void;
}

/** A confirm application on a callee's leg. `invalid` when anything in it could not be had or run. */
export type ScreeningScript = Pick<Script, 'run' | 'replace' | 'stop'>;

export type TaskContext = {
  readonly session: Session;
  /** The leg the verbs run on: the session's first, or a callee that is being screened. */
  readonly caller: Leg;
  /** What goes on beside the verbs. */
  readonly background: Background;
  readonly screen: (callee: Leg) => ScreeningScript;
};

/** Asks a hook beside the verbs. Resolves with the document it answered with, if any. */
export async function askHook(
  context: TaskContext,
  hook: HookRef,
  body: Readonly<Record<string, unknown>>,
  id: string | undefined,
): Promise<Outcome> {
  const payload = Object.assign(callInfo(context.caller), body);
  if (id !== undefined) payload['verb_id'] = id;
  const answer = await context.session.link.request(hook, 'verb:hook', payload);
  return outcomeOf(answer);
}

/** Asks the hook that ends a verb: what the caller hears meanwhile is the verb's own or `config`'s. */
export function askNext(
  context: TaskContext,
  hook: HookRef,
  body: Readonly<Record<string, unknown>>,
  verb: { readonly id: string | undefined; readonly delivery?: Delivery } & Partial<Waiting>,
): Promise<Outcome> {
  const { caller, session, background } = context;
  const payload = Object.assign(callInfo(caller), body);
  if (verb.id !== undefined) payload['verb_id'] = verb.id;
  const { id, again } = verb.delivery ?? {};
  return background.whileAsked(context, verb, (patienceMs) =>
    session.link.request(hook, 'verb:hook', payload, { id, again, patienceMs }),
  );
}

export function outcomeOf(answer: HookAnswer): Outcome {
  if (!answer.ok) return { hookFailed: true };
  return answer.body === undefined ? {} : { next: answer.body };
}

/** Makes sure something can be played to the caller. False when it is gone or cannot. */
export async function ensureAudio(caller: Leg, earlyMedia: boolean): Promise<boolean> {
  if (!(caller instanceof InboundLeg)) return caller.state === 'in-progress';
  if (earlyMedia && caller.unanswered && (await caller.earlyMedia())) return true;
  return caller.answer();
}
