/** amd: finds out who answered and tells the application. dial.md amd, reference.md 6. */
import { type AmdPlan, AnswerDetection, type Leg, replaceApplication, type Session } from '../../call/index.ts';
import type { AmdOptions } from '../schema/schema.ts';

/** What of the options sound alone can do. Words are counted where a transcript is. */
export function amdPlan({ actionHook, timers }: AmdOptions): AmdPlan {
  return {
    hook: actionHook,
    limits: {
      noSpeechMs: timers.noSpeechTimeoutMs,
      decisionMs: timers.decisionTimeoutMs,
      toneMs: timers.toneTimeoutMs,
      greetingEndMs: timers.greetingCompletionTimeoutMs,
    },
  };
}

/** Listens to a callee that is connected. What the hook answers replaces the application, as in jambonz. */
export function detectAnswer(session: Session, leg: Leg, options: AmdOptions): AnswerDetection {
  const answered = (verbs: unknown): void => replaceApplication(session, verbs);
  return new AnswerDetection({ session, leg, plan: amdPlan(options), answered });
}
