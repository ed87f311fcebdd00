/** config: what holds for the rest of the call. Its parts in typed form, and those this version cannot do. */
import type { ListenOptions } from './listen.ts';
import type { TranscribeOptions } from './transcribe.ts';
import type { AmdOptions, Hook, JsonObject } from './types.ts';
import type { Waiting } from './waiting.ts';

/** Keys and words that may come at any time, whatever runs. */
export type BargeIn = {
  readonly actionHook: Hook | undefined;
  readonly input: readonly string[];
  readonly finishOnKey: string;
  readonly minDigits: number;
  readonly maxDigits: number;
  /** Seconds. */
  readonly interDigitTimeout: number;
  /** So many words end what is played; fewer are no answer meanwhile. */
  readonly minBargeinWordCount: number;
  /** It stays on after its first result. */
  readonly sticky: boolean;
};

export type ConfigParts = Waiting & {
  /** dB; NaN where it was no level. */
  readonly boostAudioSignal: number | undefined;
  readonly synthesizer: JsonObject | undefined;
  readonly recognizer: JsonObject | undefined;
  /** Of every recognizer that has none of its own. */
  readonly vad: JsonObject | undefined;
  readonly reset: readonly string[];
  /** `off` ends what an earlier config began. */
  readonly listen: ListenOptions | 'off' | undefined;
  readonly bargeIn: BargeIn | 'off' | undefined;
  readonly transcribe: TranscribeOptions | 'off' | undefined;
  readonly amd: AmdOptions | undefined;
  /** An unanswered call gets early media, and what this config begins begins at once. */
  readonly earlyMedia: boolean;
  /** URL; empty: no longer. */
  readonly onHoldMusic: string | undefined;
  /** `record` as the command of REST. */
  readonly record: JsonObject | undefined;
  readonly referHook: Hook | undefined;
  readonly notifyEvents: boolean | undefined;
  readonly sipRequestWithinDialogHook: Hook | undefined;
  /** Options that are switched on and that this version cannot do. */
  readonly unsupported: readonly string[];
};

const cannot = [
  'autoStreamTts',
  'disableTtsCache',
  'noiseIsolation',
  'notifySttLatency',
  'trackTtsPlayout',
  'ttsStream',
  'turnTaking',
];
const recordActions: ReadonlySet<unknown> = new Set([
  'startCallRecording',
  'stopCallRecording',
  'pauseCallRecording',
  'resumeCallRecording',
]);
const resettable = new Set(['synthesizer', 'recognizer']);

/** Names of what is asked for in vain. Switching off what never was on is no fault. */
type Checked = Pick<ConfigParts, 'listen' | 'bargeIn' | 'reset' | 'transcribe' | 'amd' | 'record' | 'fillerNoise'>;

export function configFaults(raw: JsonObject, parts: Checked): string[] {
  const names = cannot.filter((name) => isOn(raw[name]));
  if (typeof parts.listen === 'object' && parts.listen.url === '') names.push('listen.url');
  if (typeof parts.fillerNoise === 'object' && parts.fillerNoise.url === undefined) names.push('fillerNoise.url');
  if (parts.reset.some((name) => !resettable.has(name))) names.push('reset');
  return [...names, ...transcribeFaults(parts.transcribe), ...recordFaults(parts.record), ...amdFaults(parts.amd)];
}

function transcribeFaults(transcribe: ConfigParts['transcribe']): string[] {
  if (typeof transcribe !== 'object') return [];
  return transcribe.transcriptionHook === undefined && transcribe.translationHook === undefined
    ? ['transcribe.transcriptionHook']
    : [];
}

function recordFaults(record: JsonObject | undefined): string[] {
  if (record === undefined) return [];
  if (record['type'] === 'siprec' || record['siprecServerURL'] !== undefined) return ['record.siprecServerURL'];
  return recordActions.has(record['action']) ? [] : ['record.action'];
}

/** Nobody waits behind a gate: the call is connected already. */
function amdFaults(amd: AmdOptions | undefined): string[] {
  return amd?.gate === true ? ['amd.gate'] : [];
}

function isOn(value: unknown): boolean {
  if (value === undefined || value === false || value === '') return false;
  const { enable, enabled } = value as { enable?: unknown; enabled?: unknown };
  return enable !== false && enabled !== false;
}
