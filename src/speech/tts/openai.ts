/** OpenAI's speech endpoint, and every server that speaks it: POST {base}/v1/audio/speech, JSON in, a WAV out. */
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { type Reach, setting } from '../reach.ts';
import { plainText } from '../text.ts';
import type { Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

export class OpenAiVoice implements Voice {
  readonly name = 'openai';
  readonly #reach: Reach;
  readonly #credential: Credential;

  constructor(reach: Reach, credential: Credential) {
    this.#reach = reach;
    this.#credential = credential;
  }

  async synthesise(text: string, { voice, engine, options }: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const credential = this.#credential;
    const key = setting(credential, 'api_key');
    const base = setting(credential, 'base_url', 'url') ?? 'https://api.openai.com';
    const answer = await this.#reach.post(credential, {
      url: `${base.replace(/\/(v1\/?)?$/, '')}/v1/audio/speech`,
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({
        ...options,
        model: engine ?? setting(credential, 'model_id', 'model') ?? 'tts-1',
        voice: voice ?? 'alloy',
        input: plainText(text),
        response_format: 'wav',
      }),
      signal,
    });
    return soundOf(this.name, answer, 24_000);
  }
}
