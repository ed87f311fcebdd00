/** Vendors of voices, by the name applications use. */
import type { Reach } from '../reach.ts';
import type { VoiceMaker } from '../voices.ts';
import { AwsVoice } from './aws.ts';
import { CustomVoice } from './custom.ts';
import { DeepgramVoice } from './deepgram.ts';
import { ElevenLabsVoice } from './elevenlabs.ts';
import { GoogleVoice } from './google.ts';
import type { GoogleAccess } from '../google-access.ts';
import { MicrosoftVoice } from './microsoft.ts';
import { OpenAiVoice } from './openai.ts';

export type TtsParts = { readonly reach: Reach; readonly now: () => number; readonly google: GoogleAccess };

export function voiceMakers({ reach, now, google }: TtsParts): Readonly<Record<string, VoiceMaker>> {
  return {
    aws: (credential) => new AwsVoice(reach, credential, now),
    custom: (credential) => new CustomVoice(reach, credential),
    deepgram: (credential) => new DeepgramVoice(reach, credential),
    elevenlabs: (credential) => new ElevenLabsVoice(reach, credential),
    google: (credential) => new GoogleVoice(reach, credential, google),
    microsoft: (credential) => new MicrosoftVoice(reach, credential),
    openai: (credential) => new OpenAiVoice(reach, credential),
  };
}
