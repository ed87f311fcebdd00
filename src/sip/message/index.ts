export type * from './types.ts';
export { createRequest, createResponse, type RequestInit, type ResponseInit, serialize } from './build.ts';
export { hasControl, isToken, quote, readUint, unquote } from './characters.ts';
export { HeaderFault, HeaderFields } from './headers.ts';
export { defaultLimits, type MessageLimits } from './limits.ts';
export { MAX_CSEQ, parseCSeq, Request, Response } from './message.ts';
export { formatNameAddr, parseNameAddr, parseNameAddrs, tagOf } from './name-addr.ts';
export { header, headerKey, type HeaderKind, lowerName } from './names.ts';
export { formatParams, noParams } from './params.ts';
export { parseMessage, type ParseOptions } from './parse.ts';
export { reasonPhrase } from './reasons.ts';
export { splitList } from './split.ts';
export { formatHost, formatUri, parseUri, unescapeUri } from './uri.ts';
export { formatVia, parseVia } from './via.ts';
export {
  type AuthorizationInput,
  authorizationFor,
  type Challenge,
  chooseChallenge,
  type DigestAlgorithm,
  type DigestCredentials,
  type DigestInput,
  digestResponse,
  formatChallenge,
  parseChallenge,
  parseCredentials,
  sameSecret,
} from './digest.ts';
export { maskSecrets } from './mask.ts';
export { headerValueFault, isProtectedHeader } from './protected.ts';
export { sameUri } from './same-uri.ts';
