/** ElevenLabs: POST /v1/text-to-speech/{voice}, JSON in, bare PCM at 16 kHz out. */
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { plainText } from '../text.ts';
import type { Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

/** "Rachel", the voice of their documentation. */
const DEFAULT_VOICE = '21m00Tcm4TlvDq8ikWAM';

export class ElevenLabsVoice implements Voice {
  readonly name = 'elevenlabs';
  readonly #reach: Reach;
  readonly #credential: Credential;

  constructor(reach: Reach, credential: Credential) {
    this.#reach = reach;
    this.#credential = credential;
  }

  async synthesise(text: string, { voice, engine, options }: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const credential = this.#credential;
    const base = setting(credential, 'api_uri', 'base_url') ?? 'https://api.elevenlabs.io';
    const answer = await this.#reach.post(credential, {
      url: `${base.replace(/\/$/, '')}/v1/text-to-speech/${encodeURIComponent(voice ?? DEFAULT_VOICE)}?output_format=pcm_16000`,
      headers: { 'content-type': 'application/json', 'xi-api-key': needed(credential, 'api_key') },
      body: JSON.stringify({
        ...options,
        text: plainText(text),
        model_id: engine ?? setting(credential, 'model_id') ?? 'eleven_flash_v2_5',
      }),
      signal,
    });
    return soundOf(this.name, answer, 16_000);
  }
}
