/** Deepgram Aura: POST /v1/speak?model=…, JSON in, bare PCM at 16 kHz out. */
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { plainText } from '../text.ts';
import type { Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

export class DeepgramVoice implements Voice {
  readonly name = 'deepgram';
  readonly #reach: Reach;
  readonly #credential: Credential;

  constructor(reach: Reach, credential: Credential) {
    this.#reach = reach;
    this.#credential = credential;
  }

  async synthesise(text: string, { voice }: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const credential = this.#credential;
    const base = setting(credential, 'deepgram_tts_uri', 'base_url') ?? 'https://api.deepgram.com';
    const model = voice ?? setting(credential, 'model_id') ?? 'aura-2-thalia-en';
    const query = new URLSearchParams({ model, encoding: 'linear16', sample_rate: '16000', container: 'none' });
    const answer = await this.#reach.post(credential, {
      url: `${base.replace(/\/$/, '')}/v1/speak?${query.toString()}`,
      headers: { 'content-type': 'application/json', authorization: `Token ${needed(credential, 'api_key')}` },
      body: JSON.stringify({ text: plainText(text) }),
      signal,
    });
    return soundOf(this.name, answer, 16_000);
  }
}
