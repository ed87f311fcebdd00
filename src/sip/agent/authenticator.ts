/** Digest as the server: challenges, and checks the answers. RFC 3261 §22, RFC 7616, RFC 8760; attack C1. */
import type { Clock, Random } from '../../base/index.ts';
import type { ExtraHeader } from '../dialog/index.ts';
import {
  type DigestAlgorithm,
  type DigestCredentials,
  digestResponse,
  formatChallenge,
  parseCredentials,
  sameSecret,
  type SipRequest,
} from '../message/index.ts';
import { Nonces } from './nonces.ts';
import type { UserAgentOptions, UserSecret } from './options.ts';
import type { CallerIdentity } from './types.ts';

export type Verdict =
  | { readonly kind: 'user'; readonly identity: Extract<CallerIdentity, { kind: 'user' }> }
  /** No answer, or an old one: 401 with a new challenge. */
  | { readonly kind: 'challenge'; readonly stale: boolean }
  /** A wrong answer: 403, counted. An unknown user and a wrong password look the same. */
  | { readonly kind: 'wrong' };

type Lookup = NonNullable<UserAgentOptions['credentials']>;

/** libre before 2.0: gives up with ENOSYS on any algorithm but MD5, whatever stands beside it (RFC 7616 §3.7 says ignore). */
const onlyMd5 = /^baresip v[01]\./;

const ask: Verdict = { kind: 'challenge', stale: false };
const askAgain: Verdict = { kind: 'challenge', stale: true };
const wrong: Verdict = { kind: 'wrong' };

export class Authenticator {
  readonly #lookup: Lookup;
  readonly #nonces: Nonces;
  /** What an unknown user's answer is checked against: the same work, and never right. */
  readonly #decoy: UserSecret;

  constructor(options: { clock: Clock; random: Random; lookup: Lookup; nonceSeconds: number }) {
    this.#lookup = options.lookup;
    this.#nonces = new Nonces(options.clock, options.random, options.nonceSeconds);
    this.#decoy = { clientSid: '', accountSid: '', secret: { password: options.random.token(32) } };
  }

  /** Strongest first. RFC 8760 §2.3. DEVIATES: clients that refuse a challenge beside one they do not know get MD5 alone. */
  challenge(realm: string, stale: boolean, userAgent = ''): ExtraHeader[] {
    const nonce = this.#nonces.make(realm);
    const header = (algorithm: DigestAlgorithm): ExtraHeader => [
      'WWW-Authenticate',
      formatChallenge({ realm, nonce, algorithm, qop: true, ...(stale ? { stale } : {}) }),
    ];
    return onlyMd5.test(userAgent) ? [header('MD5')] : [header('SHA-256'), header('MD5')];
  }

  check(request: SipRequest, realm: string): Verdict | Promise<Verdict> {
    const credentials = this.#credentialsFor(request, realm);
    if (credentials === undefined) return ask;
    const age = this.#nonces.check(credentials.nonce, realm);
    // A nonce of another process, or made up: no reason to believe in bad will, so simply a new one.
    if (age !== 'good') return askAgain;
    const found = this.#lookup(credentials.username, realm);
    if (!(found instanceof Promise)) return this.#judge(request, credentials, found);
    return found.then((user) => this.#judge(request, credentials, user));
  }

  #credentialsFor(request: SipRequest, realm: string): DigestCredentials | undefined {
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      for (const value of request.headers.all(name).slice(0, 8)) {
        const credentials = parseCredentials(value);
        if (credentials?.realm === realm) return credentials;
      }
    }
    return undefined;
  }

  #judge(request: SipRequest, credentials: DigestCredentials, user: UserSecret | undefined): Verdict {
    const { username, realm, nonce, uri, response, algorithm, qop } = credentials;
    const known = user ?? this.#decoy;
    const base = {
      algorithm,
      username,
      realm,
      secret: secretFor(known, algorithm),
      method: request.method,
      uri,
      nonce,
    };
    const expected = digestResponse(qop === undefined ? base : { ...base, qop });
    // The digest covers the URI it names; that must be the one the request is for.
    const right = sameSecret(expected, response) && uri === request.uri;
    if (!right || user === undefined) return wrong;
    if (!this.#nonces.use(nonce, qop?.nc ?? 1)) return askAgain;
    const { clientSid, accountSid } = user;
    return { kind: 'user', identity: { kind: 'user', clientSid, accountSid, username, realm } };
  }
}

function secretFor({ secret }: UserSecret, algorithm: DigestAlgorithm): { password: string } | { ha1: string } {
  if ('password' in secret) return secret;
  return { ha1: (algorithm.startsWith('MD5') ? secret.md5 : secret.sha256) ?? '-' };
}
