/** `graine/testing`: scripted SIP phones for tests of voice applications. */
export {
  decodeAlaw,
  decodeUlaw,
  encodeAlaw,
  encodeUlaw,
  levelOf,
  loudness,
  readWav,
  samplesVoice,
  silence,
  toneVoice,
  type Voice,
  writeWav,
} from './audio.ts';
export { type AnswerScript, type Behaviour, phones } from './behaviours.ts';
export { type Answer, PhoneCall, type RequestExtras, type Wait } from './call.ts';
export { answerChallenge, credentialsMatch, digestParams, type Login } from './digest.ts';
export { Ears, type HeardPacket } from './ears.ts';
export { type AnswerOptions, IncomingPhoneCall } from './incoming.ts';
export { after, Journal, patience, type WaitOptions } from './journal.ts';
export { PhoneMedia } from './media.ts';
export { type Header, Message, param, read, splitList, targetOf, uriOf, userOf, write } from './message.ts';
export { type InviteOptions, OutgoingPhoneCall } from './outgoing.ts';
export { at, Phone, type PhoneOptions, type RegisterOptions, type Server } from './phone.ts';
export { type Direction, type PhoneSdp, readSdp, writeSdp } from './sdp.ts';
export { type Entry, ladder, now, type Peer, Transcript, type Transport } from './transcript.ts';
export type { PhoneTls } from './wire.ts';
