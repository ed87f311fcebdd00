export { type Agreed, answerDirection, mirrored, ourCodecs, sameCodec } from './codecs.ts';
export {
  type Direction,
  type Format,
  type MediaLine,
  parseSdp,
  printSdp,
  type SessionDescription,
} from './description.ts';
export {
  type Agreement,
  type LocalMedia,
  type Negotiated,
  Negotiation,
  type NegotiationState,
  negotiationTable,
} from './negotiation.ts';
export { type SrtpKey, type SrtpKeys, type SrtpSuite, sameKey, srtpSuites } from './crypto.ts';
export { type IceCredentials, isWeb, type WebAgreement } from './webrtc.ts';
