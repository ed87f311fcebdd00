/** Findings of answering-machine detection in the words of its hook: `event` and `amd_type` of the product document, the
 * jambonz `type` names, and figures of our own. dial.md amd.hook, reference.md 6.4. */
import type { Detection } from '../ports/index.ts';

type Names = { readonly event?: 'amd' | 'beep' | 'silence'; readonly amd_type?: string; readonly type: string };

const names: Readonly<Record<Detection['event'], Names>> = {
  human: { event: 'amd', amd_type: 'human', type: 'amd_human_detected' },
  machine: { event: 'amd', amd_type: 'machine', type: 'amd_machine_detected' },
  // No person is there: `reason` says what is.
  fax: { event: 'amd', amd_type: 'machine', type: 'amd_machine_detected' },
  sit: { event: 'amd', amd_type: 'machine', type: 'amd_machine_detected' },
  // Neither human nor machine, and the product document knows no third.
  unknown: { type: 'amd_decision_timeout' },
  'no-speech': { event: 'silence', type: 'amd_no_speech_detected' },
  tone: { event: 'beep', type: 'amd_tone_detected' },
  'greeting-end': { event: 'silence', type: 'amd_machine_stopped_speaking' },
  stopped: { type: 'amd_stopped' },
};

/** What was understood of the greeting, where somebody listened to words. */
export type Words = { readonly greeting: string; readonly language: string | undefined; readonly hint?: string };

/** What the hook is told beside the fields of the call. */
export function amdBody(found: Detection, words?: Words): Record<string, unknown> {
  const { frequencies = [], variance, durationMs } = found;
  return {
    ...names[found.event],
    reason: found.reason,
    confidence: found.confidence,
    at_ms: found.atMs,
    ...(durationMs === undefined ? {} : { duration_ms: durationMs }),
    ...(frequencies[0] === undefined ? {} : { frequency: frequencies[0], frequencies, variance: variance ?? 0 }),
    ...(words === undefined || !isVerdict(found) ? {} : understood(words)),
  };
}

/** Whether this finding says who answered. */
export function isVerdict({ event }: Detection): boolean {
  return names[event].event === 'amd' || event === 'no-speech' || event === 'unknown';
}

/** jambonz tells the hint in the greeting's place. */
function understood({ greeting, language, hint }: Words): Record<string, unknown> {
  const said = greeting === '' ? {} : { greeting };
  return { ...(hint === undefined ? said : { hint }), ...(language === undefined ? {} : { language }) };
}
