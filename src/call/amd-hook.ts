/** Findings of answering-machine detection in the words of its hook: `event` and `amd_type` of the product document, the
 * jambonz `type` names, and figures of our own. dial.md amd.hook, reference.md 6.4. */
import type { Detection } from '../ports/index.ts';

type Words = { readonly event?: 'amd' | 'beep' | 'silence'; readonly amd_type?: string; readonly type: string };

const words: Readonly<Record<Detection['event'], Words>> = {
  human: { event: 'amd', amd_type: 'human', type: 'amd_human_detected' },
  machine: { event: 'amd', amd_type: 'machine', type: 'amd_machine_detected' },
  // No person is there: `reason` says what is.
  fax: { event: 'amd', amd_type: 'machine', type: 'amd_machine_detected' },
  sit: { event: 'amd', amd_type: 'machine', type: 'amd_machine_detected' },
  unknown: { event: 'amd', amd_type: 'unknown', type: 'amd_decision_timeout' },
  'no-speech': { event: 'silence', type: 'amd_no_speech_detected' },
  tone: { event: 'beep', type: 'amd_tone_detected' },
  'greeting-end': { event: 'silence', type: 'amd_machine_stopped_speaking' },
  stopped: { type: 'amd_stopped' },
};

/** What the hook is told beside the fields of the call. */
export function amdBody(found: Detection): Record<string, unknown> {
  const { frequencies = [], variance, durationMs } = found;
  return {
    ...words[found.event],
    reason: found.reason,
    confidence: found.confidence,
    at_ms: found.atMs,
    ...(durationMs === undefined ? {} : { duration_ms: durationMs }),
    ...(frequencies[0] === undefined ? {} : { frequency: frequencies[0], frequencies, variance: variance ?? 0 }),
  };
}

/** Whether this finding says who answered. */
export function isVerdict({ event }: Detection): boolean {
  return words[event].event === 'amd' || event === 'no-speech';
}
