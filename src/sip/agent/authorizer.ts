/** Answers challenges with the credentials of one target, and of nobody else. RFC 3261 §22.3, attack C2. */
import type { Random } from '../../base/index.ts';
import type { Authorizer } from '../dialog/index.ts';
import { authorizationFor, chooseChallenge, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Credentials } from './types.ts';

export class TargetAuthorizer implements Authorizer {
  readonly #credentials: Credentials;
  readonly #random: Random;
  /** The realm of the peer we dialled: the first one that challenged, unless the credentials name it. */
  #realm: string | undefined;
  #nonce: string | undefined = undefined;
  #uses = 0;
  /** CSeq of the request our last answer went out with. */
  #last = -1;

  constructor(credentials: Credentials, random: Random) {
    this.#credentials = credentials;
    this.#random = random;
    this.#realm = credentials.realm;
  }

  authorize(request: SipRequest, response: SipResponse): boolean {
    const proxy = response.status === 407;
    const challenge = chooseChallenge(response.headers.all(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'));
    if (challenge === undefined) return false;
    this.#realm ??= challenge.realm;
    if (challenge.realm !== this.#realm) return false;
    // The refused request carried our answer already: only a new nonce that says the old one was stale is worth another.
    if (response.cseq.number === this.#last && (challenge.nonce === this.#nonce || challenge.stale !== true))
      return false;
    this.#uses = challenge.nonce === this.#nonce ? this.#uses + 1 : 1;
    this.#nonce = challenge.nonce;
    const { username, password } = this.#credentials;
    const value = authorizationFor(challenge, {
      username,
      password,
      method: request.method,
      uri: request.uri,
      nc: this.#uses,
      cnonce: this.#random.token(16),
    });
    request.headers.set(proxy ? 'Proxy-Authorization' : 'Authorization', value);
    this.#last = request.cseq.number;
    return true;
  }
}
