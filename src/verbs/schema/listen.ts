/** listen: its options in one typed form, as a verb of its own and inside dial. */
import type { TapRate } from '../../ports/index.ts';
import { transcribeOptions, type TranscribeOptions } from './transcribe.ts';
import type { Hook, JsonObject } from './types.ts';

export const listenRates: readonly TapRate[] = [8000, 16_000, 24_000, 32_000, 48_000, 64_000];

export type ListenOptions = {
  readonly url: string;
  readonly actionHook: Hook | undefined;
  readonly wsAuth: { readonly username: string; /** secret */ readonly password: string } | undefined;
  readonly mixType: 'mono' | 'stereo' | 'mixed';
  readonly metadata: JsonObject;
  readonly sampleRate: TapRate;
  /** Keys; any of them ends it. */
  readonly finishOnKey: string;
  /** Seconds. */
  readonly maxLength: number | undefined;
  /** Seconds without anybody speaking, after which it ends. */
  readonly timeout: number | undefined;
  readonly passDtmf: boolean;
  readonly playBeep: boolean;
  /** What the listener may send back. */
  readonly back: 'nothing' | 'json' | { readonly binaryRate: TapRate };
  readonly earlyMedia: boolean;
  /** In a dial: 1 the caller's side, 2 the callee's. */
  readonly channel: 1 | 2;
  /** What is said meanwhile, as words. */
  readonly transcribe: TranscribeOptions | undefined;
};

type Fields = Readonly<Record<string, unknown>>;

export function listenOptions(raw: Fields, hook: (raw: unknown) => Hook | undefined): ListenOptions {
  return {
    url: raw['url'] as string,
    actionHook: hook(raw['actionHook']),
    wsAuth: (raw['wsAuth'] ?? raw['auth']) as ListenOptions['wsAuth'],
    mixType: (raw['mixType'] as ListenOptions['mixType'] | undefined) ?? 'mono',
    metadata: (raw['metadata'] as JsonObject | undefined) ?? {},
    sampleRate: (raw['sampleRate'] as TapRate | undefined) ?? 8000,
    finishOnKey: (raw['finishOnKey'] as string | undefined) ?? '',
    maxLength: seconds(raw['maxLength']),
    timeout: seconds(raw['timeout']),
    passDtmf: raw['passDtmf'] === true,
    playBeep: raw['playBeep'] === true,
    back: back(raw),
    earlyMedia: raw['earlyMedia'] === true,
    channel: raw['channel'] === 2 ? 2 : 1,
    transcribe: raw['transcribe'] === undefined ? undefined : transcribeOptions(raw['transcribe'] as JsonObject, hook),
  };
}

/** Node's timers end at 2^31 ms. 0 and absence mean no limit. */
function seconds(raw: unknown): number | undefined {
  return typeof raw === 'number' && raw > 0 ? Math.min(raw, 2_000_000) : undefined;
}

function back(raw: Fields): ListenOptions['back'] {
  const both = (raw['bidirectionalAudio'] ?? {}) as Fields;
  if (raw['disableBidirectionalAudio'] === true || both['enabled'] === false) return 'nothing';
  if (both['streaming'] !== true) return 'json';
  return { binaryRate: (both['sampleRate'] as TapRate | undefined) ?? 8000 };
}
