/** A recogniser of one's own (`custom:name`), by jambonz's custom STT API: `start`, binary LINEAR16, `stop`; it answers with
 * `transcription` and `error`, and closes. */
import type { HearingChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { confidenceOf, type Dialect, type Reading, textOf } from './socket-ear.ts';

export function custom(reach: Reach, credential: Credential, choice: HearingChoice): Dialect {
  const url = reach.check(credential, needed(credential, 'custom_stt_url', 'url').replace(/^http/, 'ws'), [
    'wss:',
    'ws:',
  ]);
  const key = setting(credential, 'auth_token', 'api_key');
  const language = choice.language ?? 'en-US';
  const { hints, options } = choice;
  return {
    name: credential.vendor,
    url,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    hello: JSON.stringify({
      type: 'start',
      language,
      format: 'raw',
      encoding: 'LINEAR16',
      sampleRateHz: 16_000,
      interimResults: choice.interim === true,
      options: { ...(hints === undefined ? {} : { hints }), ...options },
    }),
    goodbye: '{"type":"stop"}',
    read: (message) => read(message, language),
    ...(credential.trusted ? {} : { lookup: reach.lookup }),
  };
}

function read(message: Readonly<Record<string, unknown>>, language: string): Reading {
  if (message['type'] === 'error') return { kind: 'fault', message: textOf(message['error']) };
  if (message['type'] !== 'transcription') return { kind: 'nothing' };
  const alternatives = message['alternatives'] as Record<string, unknown>[];
  return {
    kind: 'result',
    transcript: {
      final: message['is_final'] === true,
      language: textOf(message['language']) || language,
      alternatives: alternatives.map((each) => ({
        transcript: textOf(each['transcript']),
        confidence: confidenceOf(each['confidence']),
      })),
    },
  };
}
