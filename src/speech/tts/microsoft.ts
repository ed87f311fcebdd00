/** Azure Speech: POST SSML to https://{region}.tts.speech.microsoft.com/cognitiveservices/v1, a WAV at 16 kHz out. */
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { escapeXml, isSsml } from '../text.ts';
import type { Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

export class MicrosoftVoice implements Voice {
  readonly name = 'microsoft';
  readonly #reach: Reach;
  readonly #credential: Credential;

  constructor(reach: Reach, credential: Credential) {
    this.#reach = reach;
    this.#credential = credential;
  }

  async synthesise(text: string, choice: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const credential = this.#credential;
    const answer = await this.#reach.post(credential, {
      url: setting(credential, 'custom_tts_endpoint_url', 'base_url') ?? endpoint(needed(credential, 'region')),
      headers: {
        'content-type': 'application/ssml+xml',
        'ocp-apim-subscription-key': needed(credential, 'api_key'),
        'x-microsoft-outputformat': 'riff-16khz-16bit-mono-pcm',
        'user-agent': 'graine',
      },
      body: ssmlOf(text, choice),
      signal,
    });
    return soundOf(this.name, answer, 16_000);
  }
}

function endpoint(region: string): string {
  return `https://${encodeURIComponent(region)}.tts.speech.microsoft.com/cognitiveservices/v1`;
}

/** Azure takes nothing but SSML with a voice in it; the application's own SSML goes inside that voice. */
function ssmlOf(text: string, { voice, language = 'en-US' }: VoiceChoice): string {
  const inner = isSsml(text) ? text.replace(/^\s*<speak[^>]*>/i, '').replace(/<\/speak>\s*$/i, '') : escapeXml(text);
  const name = escapeXml(voice ?? 'en-US-JennyNeural');
  const said = /<voice[\s>]/i.test(inner) ? inner : `<voice name="${name}">${inner}</voice>`;
  const spaces = 'xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="https://www.w3.org/2001/mstts"';
  return `<speak version="1.0" ${spaces} xml:lang="${escapeXml(language)}">${said}</speak>`;
}
