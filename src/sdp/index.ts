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
  type NegotiationSnapshot,
  type NegotiationState,
  negotiationTable,
} from './negotiation.ts';
