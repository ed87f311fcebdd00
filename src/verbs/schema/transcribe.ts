/** The options of `transcribe`, as a verb and nested in a dial. */
import type { HookTarget } from '../../ports/index.ts';
import type { JsonObject } from './types.ts';

export type TranscribeOptions = {
  /** False: what ran is to stop. */
  readonly enable: boolean;
  readonly transcriptionHook: HookTarget | undefined;
  readonly recognizer: JsonObject | undefined;
  readonly earlyMedia: boolean;
  /** Of a dial: 1 hears the caller only, 2 the callee only. */
  readonly channel: 1 | 2 | undefined;
  /** Told what was said in other languages. */
  readonly translationHook: HookTarget | undefined;
};

/** `hook` reads a raw hook. */
export function transcribeOptions(raw: JsonObject, hook: (raw: unknown) => HookTarget | undefined): TranscribeOptions {
  const { channel } = raw;
  return {
    enable: raw['enable'] !== false,
    transcriptionHook: hook(raw['transcriptionHook']),
    translationHook: hook(raw['translationHook']),
    recognizer: raw['recognizer'] as JsonObject | undefined,
    earlyMedia: raw['earlyMedia'] === true,
    channel: channel === 1 || channel === 2 ? channel : undefined,
  };
}
