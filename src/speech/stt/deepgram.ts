/** Deepgram, /v1/listen: raw PCM as binary frames, `Results` back, `KeepAlive` in silence, `CloseStream` at the end. */
import type { HearingChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { confidenceOf, type Dialect, type Reading, textOf } from './socket-ear.ts';

export function deepgram(reach: Reach, credential: Credential, choice: HearingChoice): Dialect {
  const base = setting(credential, 'deepgram_stt_uri', 'base_url') ?? 'wss://api.deepgram.com';
  const url = reach.check(credential, `${base.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/listen`, ['wss:', 'ws:']);
  const language = choice.language ?? 'en-US';
  const model = choice.model ?? setting(credential, 'model_id') ?? 'nova-3';
  const query: [string, string][] = [
    ['encoding', 'linear16'],
    ['sample_rate', '16000'],
    ['channels', '1'],
    ['model', model],
    ['language', language],
    ['interim_results', String(choice.interim === true)],
    ['punctuate', String(choice.punctuation !== false)],
    ['vad_events', 'true'],
    // Nova-3 takes key terms, the models before it keywords.
    ...(choice.hints ?? []).map((hint): [string, string] => [
      model.startsWith('nova-3') ? 'keyterm' : 'keywords',
      hint,
    ]),
    ...Object.entries(choice.options ?? {}).map(([name, value]): [string, string] => [snake(name), String(value)]),
  ];
  for (const [name, value] of query) url.searchParams.append(name, value);
  return {
    name: 'deepgram',
    url,
    headers: { authorization: `Token ${needed(credential, 'api_key')}` },
    keepAlive: '{"type":"KeepAlive"}',
    goodbye: '{"type":"CloseStream"}',
    read: (message) => read(message, language),
    ...(credential.trusted ? {} : { lookup: reach.lookup }),
  };
}

/** deepgramOptions are camelCase: smartFormatting is smart_formatting. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function read(message: Readonly<Record<string, unknown>>, language: string): Reading {
  if (message['type'] === 'SpeechStarted') return { kind: 'speaking' };
  // Metadata is the last message after CloseStream.
  if (message['type'] === 'Metadata') return { kind: message['duration'] === undefined ? 'nothing' : 'done' };
  if (message['type'] === 'Error') return { kind: 'fault', message: textOf(message['description']) };
  if (message['type'] !== 'Results') return { kind: 'nothing' };
  const { alternatives } = message['channel'] as { alternatives: Record<string, unknown>[] };
  return {
    kind: 'result',
    transcript: {
      final: message['is_final'] === true,
      language,
      alternatives: alternatives.map((each) => ({
        transcript: textOf(each['transcript']),
        confidence: confidenceOf(each['confidence']),
      })),
    },
  };
}
