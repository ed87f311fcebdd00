/** amd: finds out who answered and tells the application. dial.md amd, reference.md 6. */
import { type AmdPlan, AnswerDetection, type Leg, replaceApplication, type Session } from '../../call/index.ts';
import type { HearingChoice } from '../../ports/index.ts';
import type { AmdOptions } from '../schema/schema.ts';
import { hearingFor } from '../speech-choice.ts';

/** Words are listened to where a recogniser was named: by `recognizer`, by `config`, by the application, or as speech.stt.default of
 * the configuration. decisions.md amd: "a transcript refines it when STT is configured". */
export function amdPlan({ actionHook, timers, recognizer, thresholdWordCount, digitCount }: AmdOptions): AmdPlan {
  return {
    hook: actionHook,
    limits: {
      noSpeechMs: timers.noSpeechTimeoutMs,
      decisionMs: timers.decisionTimeoutMs,
      toneMs: timers.toneTimeoutMs,
      greetingEndMs: timers.greetingCompletionTimeoutMs,
    },
    words: {
      thresholdWordCount,
      digitCount,
      hearing: (session) => {
        const { hearing, fallback } = hearingFor(session, recognizer);
        const named = recognizer !== undefined || hearing.vendor !== undefined;
        if (!named && !session.services.speech.hearsUnasked(session.accountSid)) return undefined;
        return { hearing: early(hearing), ...(fallback === undefined ? {} : { fallback: early(fallback) }) };
      },
    },
  };
}

/** A phrase that decides need not wait for the end of the greeting. */
function early(choice: HearingChoice): HearingChoice {
  return { ...choice, interim: true };
}

/** Listens to a callee that is connected. What the hook answers replaces the application, as in jambonz. */
export function detectAnswer(session: Session, leg: Leg, options: AmdOptions): AnswerDetection {
  const answered = (verbs: unknown): void => replaceApplication(session, verbs);
  return new AnswerDetection({ session, leg, plan: amdPlan(options), answered });
}
