/** AssemblyAI universal streaming, /v3/ws: binary PCM after `Begin`, a `Turn` grows until it is formatted and over,
 * `Terminate` and `Termination` at the end. */
import type { HearingChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { confidenceOf, type Dialect, type Reading, textOf } from './socket-ear.ts';

export function assemblyAi(reach: Reach, credential: Credential, choice: HearingChoice): Dialect {
  const base = setting(credential, 'base_url') ?? 'wss://streaming.assemblyai.com';
  const url = reach.check(credential, `${base.replace(/^http/, 'ws').replace(/\/$/, '')}/v3/ws`, ['wss:', 'ws:']);
  url.searchParams.set('sample_rate', '16000');
  url.searchParams.set('encoding', 'pcm_s16le');
  url.searchParams.set('format_turns', 'true');
  if (choice.model !== undefined) url.searchParams.set('speech_model', choice.model);
  if (choice.hints !== undefined) url.searchParams.set('keyterms_prompt', JSON.stringify(choice.hints.slice(0, 100)));
  const language = choice.language ?? 'en-US';
  return {
    name: 'assemblyai',
    url,
    headers: { authorization: needed(credential, 'api_key') },
    waits: true,
    goodbye: '{"type":"Terminate"}',
    read: (message) => read(message, { language, interim: choice.interim === true }),
    ...(credential.trusted ? {} : { lookup: reach.lookup }),
  };
}

function read(message: Readonly<Record<string, unknown>>, wanted: { language: string; interim: boolean }): Reading {
  if (message['type'] === 'Begin') return { kind: 'ready' };
  if (message['type'] === 'Termination') return { kind: 'done' };
  if (typeof message['error'] === 'string') return { kind: 'fault', message: message['error'] };
  if (message['type'] !== 'Turn') return { kind: 'nothing' };
  // A turn that is over comes twice: as heard, and then formatted.
  const final = message['end_of_turn'] === true && message['turn_is_formatted'] === true;
  if (!final && !wanted.interim) return { kind: 'nothing' };
  const alternatives = [{ transcript: textOf(message['transcript']), confidence: sureness(message['words']) }];
  return { kind: 'result', transcript: { final, language: wanted.language, alternatives } };
}

/** The mean of its words'. */
function sureness(words: unknown): number {
  if (!Array.isArray(words) || words.length === 0) return 1;
  const all = words as Record<string, unknown>[];
  return all.reduce((sum, word) => sum + confidenceOf(word['confidence']), 0) / all.length;
}
