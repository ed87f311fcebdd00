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
  /** A translationHook was asked for: nothing here translates. */
  readonly translated: boolean;
};

/** `transcriptionHook` is the raw one, read. */
export function transcribeOptions(raw: JsonObject, transcriptionHook: HookTarget | undefined): TranscribeOptions {
  const { channel } = raw;
  return {
    enable: raw['enable'] !== false,
    transcriptionHook,
    recognizer: raw['recognizer'] as JsonObject | undefined,
    earlyMedia: raw['earlyMedia'] === true,
    translated: raw['translationHook'] !== undefined,
    channel: channel === 1 || channel === 2 ? channel : undefined,
  };
}
