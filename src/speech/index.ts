export { createSpeech, type SpeechOptions } from './speech.ts';
