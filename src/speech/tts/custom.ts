/** A vendor of one's own (`custom:name`), by jambonz's custom TTS API: POST {language, voice, type, text}, the sound back
 * in the format its content type names. */
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { isSsml } from '../text.ts';
import type { Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

export class CustomVoice implements Voice {
  readonly name: string;
  readonly #reach: Reach;
  readonly #credential: Credential;

  constructor(reach: Reach, credential: Credential) {
    this.name = credential.vendor;
    this.#reach = reach;
    this.#credential = credential;
  }

  async synthesise(text: string, { language, voice, options }: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const key = setting(this.#credential, 'auth_token', 'api_key');
    const answer = await this.#reach.post(this.#credential, {
      url: needed(this.#credential, 'custom_tts_url', 'url'),
      headers: {
        'content-type': 'application/json',
        accept: 'audio/wav, audio/l16',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({
        ...options,
        language: language ?? 'en-US',
        voice,
        type: isSsml(text) ? 'ssml' : 'text',
        text,
      }),
      signal,
    });
    return soundOf(this.name, answer, 8000);
  }
}
