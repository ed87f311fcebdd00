/** Google Cloud Text-to-Speech: POST /v1/text:synthesize, JSON in, a WAV in base64 out. */
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import type { GoogleAccess } from '../google-access.ts';
import { json, type Reach, setting } from '../reach.ts';
import { isSsml } from '../text.ts';
import { VendorFault, type Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

export class GoogleVoice implements Voice {
  readonly name = 'google';
  readonly #reach: Reach;
  readonly #credential: Credential;
  readonly #access: GoogleAccess;

  constructor(reach: Reach, credential: Credential, access: GoogleAccess) {
    this.#reach = reach;
    this.#credential = credential;
    this.#access = access;
  }

  async synthesise(text: string, choice: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const base = setting(this.#credential, 'tts_url', 'base_url') ?? 'https://texttospeech.googleapis.com';
    const answer = await this.#reach.post(this.#credential, {
      url: `${base.replace(/\/$/, '')}/v1/text:synthesize`,
      headers: { 'content-type': 'application/json', ...(await this.#access.headers(this.#credential, signal)) },
      body: JSON.stringify({
        input: isSsml(text) ? { ssml: text } : { text },
        voice: voiceOf(choice),
        audioConfig: { ...choice.options, audioEncoding: 'LINEAR16', sampleRateHertz: 16_000 },
      }),
      signal,
    });
    const { audioContent: sound } = json(this.name, answer.body);
    if (typeof sound !== 'string') throw new VendorFault('garbage', 'google sent no audioContent');
    return soundOf(this.name, { contentType: '', body: Buffer.from(sound, 'base64') }, 16_000);
  }
}

function voiceOf({ voice, language, gender }: VoiceChoice): Record<string, string> {
  // A name such as de-DE-Neural2-B says its language itself.
  const languageCode = language ?? /^[a-z]{2,3}-[A-Z]{2}(?=-)/.exec(voice ?? '')?.[0] ?? 'en-US';
  return {
    languageCode,
    ...(voice === undefined ? {} : { name: voice }),
    ...(gender === undefined ? {} : { ssmlGender: gender.toUpperCase() }),
  };
}
