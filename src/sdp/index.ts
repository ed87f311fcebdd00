export { type Agreed, alone, answerDirection, mirrored, ourCodecs, sameCodec, spokenOf } from './codecs.ts';
export {
  chooseCrypto,
  type CryptoLine,
  cryptoValues,
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
export type { Agreement } from './agreement.ts';
export {
  type LocalMedia,
  type Negotiated,
  Negotiation,
  type NegotiationSnapshot,
  type NegotiationState,
  negotiationTable,
} from './negotiation.ts';
export { onceFor } from './once.ts';
export { policyFault, type Security } from './secure.ts';
export { asksForIce, type Candidate, type IceAgreement, type IceCredentials } from './ice.ts';
export { type Fragment, readFragment } from './trickle.ts';
export { isWeb, type WebAgreement } from './webrtc.ts';
