export type { AccountCredential } from './credentials.ts';
export { createSpeech, type SpeechOptions } from './speech.ts';
