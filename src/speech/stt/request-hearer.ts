/** Vendors that hear whole utterances over HTTP. */
import { randomBytes } from 'node:crypto';
import type { HearingChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import type { GoogleAccess } from '../google-access.ts';
import { json, needed, type Reach, setting } from '../reach.ts';
import { writeSpeechWav } from '../wav.ts';
import { confidenceOf, textOf } from './socket-ear.ts';
import type { Heard, UtteranceHearer } from './utterance-ear.ts';

const RATE = 16_000;
/** An utterance must be heard within, ms. */
const timeoutMs = 15_000;
const nothing: Heard = { text: '', confidence: 0 };

type Parts = { readonly reach: Reach; readonly credential: Credential; readonly choice: HearingChoice };

/** OpenAI's transcription endpoint, and every server that speaks it: a form with the WAV in it, JSON back. */
export function openAiHearer({ reach, credential, choice }: Parts): UtteranceHearer {
  return {
    name: 'openai',
    interim: false,
    hear: async (pcm) => {
      const key = setting(credential, 'api_key');
      const base = setting(credential, 'base_url', 'url') ?? 'https://api.openai.com';
      const form = formOf(pcm, {
        model: choice.model ?? setting(credential, 'model_id', 'model') ?? 'whisper-1',
        response_format: 'json',
        ...(choice.language === undefined ? {} : { language: choice.language.slice(0, 2) }),
        ...(choice.hints === undefined ? {} : { prompt: choice.hints.join(', ') }),
      });
      const answer = await reach.post(credential, {
        url: `${base.replace(/\/(v1\/?)?$/, '')}/v1/audio/transcriptions`,
        headers: { ...form.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
        body: form.body,
        timeoutMs,
      });
      return { text: textOf(json('openai', answer.body)['text']).trim(), confidence: 1 };
    },
  };
}

function formOf(
  pcm: Int16Array,
  fields: Readonly<Record<string, string>>,
): { headers: Record<string, string>; body: Buffer } {
  const boundary = `graine-${randomBytes(16).toString('hex')}`;
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="speech.wav"\r\ncontent-type: audio/wav\r\n\r\n`;
  const wav = writeSpeechWav({ pcm, rate: RATE });
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(parts.join('') + file), wav, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

/** Google Cloud Speech-to-Text: POST /v1/speech:recognize. */
export function googleHearer({ reach, credential, choice }: Parts, access: GoogleAccess): UtteranceHearer {
  return {
    name: 'google',
    interim: false,
    hear: async (pcm) => {
      const base = setting(credential, 'stt_url', 'base_url') ?? 'https://speech.googleapis.com';
      const config = {
        ...choice.options,
        encoding: 'LINEAR16',
        sampleRateHertz: RATE,
        languageCode: choice.language ?? 'en-US',
        enableAutomaticPunctuation: choice.punctuation !== false,
        ...(choice.model === undefined ? {} : { model: choice.model }),
        ...(choice.hints === undefined ? {} : { speechContexts: [{ phrases: choice.hints }] }),
      };
      const content = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64');
      const answer = await reach.post(credential, {
        url: `${base.replace(/\/$/, '')}/v1/speech:recognize`,
        headers: { 'content-type': 'application/json', ...(await access.headers(credential)) },
        body: JSON.stringify({ config, audio: { content } }),
        timeoutMs,
      });
      return joined(listOf(json('google', answer.body)['results']).map((each) => listOf(each['alternatives'])[0]));
    },
  };
}

/** Consecutive parts of one utterance as one. */
function joined(parts: readonly (Record<string, unknown> | undefined)[]): Heard {
  const said = parts.filter((part) => part !== undefined);
  if (said.length === 0) return nothing;
  const confidence = said.reduce((sum, part) => sum + confidenceOf(part['confidence']), 0) / said.length;
  return { text: said.map((part) => textOf(part['transcript']).trim()).join(' '), confidence };
}

/** Azure Speech for short audio: POST the WAV, JSON with the best guesses back. */
export function microsoftHearer({ reach, credential, choice }: Parts): UtteranceHearer {
  return {
    name: 'microsoft',
    interim: false,
    hear: async (pcm) => {
      const base =
        setting(credential, 'custom_stt_endpoint_url', 'base_url') ??
        `https://${encodeURIComponent(needed(credential, 'region'))}.stt.speech.microsoft.com`;
      const query = new URLSearchParams({ language: choice.language ?? 'en-US', format: 'detailed' });
      const answer = await reach.post(credential, {
        url: `${base.replace(/\/$/, '')}/speech/recognition/conversation/cognitiveservices/v1?${query.toString()}`,
        headers: {
          'content-type': 'audio/wav; codecs=audio/pcm; samplerate=16000',
          accept: 'application/json',
          'ocp-apim-subscription-key': needed(credential, 'api_key'),
        },
        body: writeSpeechWav({ pcm, rate: RATE }),
        timeoutMs,
      });
      const message = json('microsoft', answer.body);
      const [best] = listOf(message['NBest']);
      if (message['RecognitionStatus'] !== 'Success' || best === undefined) return nothing;
      const text = choice.punctuation === false ? best['Lexical'] : best['Display'];
      return { text: textOf(text).trim(), confidence: confidenceOf(best['Confidence']) };
    },
  };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}
