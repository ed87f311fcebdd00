export { type Agreed, answerDirection, mirrored, ourCodecs, sameCodec } from './codecs.ts';
export {
  chooseCrypto,
  type CryptoLine,
  freshKey,
  hideKeys,
  offeredSuites,
  printCrypto,
  readCrypto,
  sameKey,
  type SrtpKey,
  type SrtpKeys,
  type SrtpPolicy,
  type SrtpSuite,
  srtpSuites,
} from './crypto.ts';
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
  type NegotiationSnapshot,
  type NegotiationState,
  negotiationTable,
} from './negotiation.ts';
export { policyFault, type Security } from './secure.ts';
export { type IceCredentials, isWeb, type WebAgreement } from './webrtc.ts';
