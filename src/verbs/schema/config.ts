/** config: what holds for the rest of the call. Its parts in typed form, and those this version cannot do. */
import type { ListenOptions } from './listen.ts';
import type { Hook, JsonObject } from './types.ts';

/** Keys that may come at any time, whatever runs. */
export type BargeIn = {
  readonly actionHook: Hook | undefined;
  readonly input: readonly string[];
  readonly finishOnKey: string;
  readonly minDigits: number;
  readonly maxDigits: number;
  /** Seconds. */
  readonly interDigitTimeout: number;
  /** It stays on after its first result. */
  readonly sticky: boolean;
};

export type ConfigParts = {
  /** dB; NaN where it was no level. */
  readonly boostAudioSignal: number | undefined;
  readonly synthesizer: JsonObject | undefined;
  readonly recognizer: JsonObject | undefined;
  readonly reset: readonly string[];
  /** `off` ends what an earlier config began. */
  readonly listen: ListenOptions | 'off' | undefined;
  readonly bargeIn: BargeIn | 'off' | undefined;
  readonly notifyEvents: boolean | undefined;
  readonly sipRequestWithinDialogHook: Hook | undefined;
  /** Options that are switched on and that this version cannot do. */
  readonly unsupported: readonly string[];
};

const cannot = [
  'actionHookDelayAction',
  'amd',
  'autoStreamTts',
  'disableTtsCache',
  'earlyMedia',
  'fillerNoise',
  'noiseIsolation',
  'notifySttLatency',
  'onHoldMusic',
  'record',
  'referHook',
  'trackTtsPlayout',
  'transcribe',
  'ttsStream',
  'turnTaking',
  'vad',
];
const resettable = new Set(['synthesizer', 'recognizer']);

/** Names of what is asked for in vain. Switching off what never was on is no fault. */
export function configFaults(raw: JsonObject, parts: Pick<ConfigParts, 'listen' | 'bargeIn' | 'reset'>): string[] {
  const names = cannot.filter((name) => isOn(raw[name]));
  if (typeof parts.bargeIn === 'object' && parts.bargeIn.input.includes('speech')) names.push('bargeIn.input');
  if (typeof parts.listen === 'object' && parts.listen.transcribe !== undefined) names.push('listen.transcribe');
  if (typeof parts.listen === 'object' && parts.listen.url === '') names.push('listen.url');
  if (parts.reset.some((name) => !resettable.has(name))) names.push('reset');
  return names;
}

function isOn(value: unknown): boolean {
  if (value === undefined || value === false || value === '') return false;
  const { enable, enabled, action } = value as { enable?: unknown; enabled?: unknown; action?: unknown };
  return enable !== false && enabled !== false && action !== 'stopCallRecording';
}
