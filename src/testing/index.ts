/** `graine/testing`: simulated phones on real sockets with real audio, for tests of voice applications. docs/testing.md. */
export { levelOf, loudness, readWav, samplesVoice, silence, toneVoice, type Voice, writeWav } from './audio.ts';
export { type AnswerScript, type Behaviour, phones } from './behaviours.ts';
export { type EndedBy, type OnReinvite, type PhoneCall, type RequestExtras, type Wait } from './call.ts';
export { type Login } from './digest.ts';
export { type Ears, type HeardPacket } from './ears.ts';
export { type Happening, type PhoneEvent } from './happenings.ts';
export { type AnswerOptions, type IncomingPhoneCall } from './incoming.ts';
export { after, Journal, type WaitOptions } from './journal.ts';
export { type PhoneMedia } from './media.ts';
export { type Header, type Message } from './message.ts';
export { type InviteOptions, type OutgoingPhoneCall } from './outgoing.ts';
export { at, Phone, type PhoneOptions, type RegisterOptions, type Server } from './phone.ts';
export { type Direction, type PhoneSdp } from './sdp.ts';
export type { SrtpSuite } from '../sdp/index.ts';
export { type Entry, ladder, now, type Transcript, type Transport } from './transcript.ts';
export { murmur, toneSamples, wavSamples } from './voice.ts';
export { type VoicemailScript } from './voicemail.ts';
export type { PhoneTls } from './wire.ts';
