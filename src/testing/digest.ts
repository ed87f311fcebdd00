/** Digest values as a phone makes and checks them: MD5 and SHA-256, qop=auth or none. RFC 3261 §22, RFC 8760. */
import { createHash, randomBytes } from 'node:crypto';

export type Login = { readonly username: string; readonly password: string };

function hash(algorithm: string, text: string): string {
  return createHash(algorithm.toUpperCase().startsWith('SHA-256') ? 'sha256' : 'md5')
    .update(text)
    .digest('hex');
}

/** The parameters of a challenge or of credentials. */
export function digestParams(value: string): Map<string, string> {
  const found = value.matchAll(/([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))/gi);
  return new Map(Array.from(found, ([, name = '', quoted, plain]) => [name.toLowerCase(), quoted ?? plain ?? '']));
}

export type Asked = { readonly method: string; readonly uri: string; readonly nc?: number; readonly cnonce?: string };

/** The Authorization value that answers this challenge. */
export function answerChallenge(challenge: string, login: Login, asked: Asked): string {
  const given = digestParams(challenge);
  const realm = given.get('realm') ?? '';
  const nonce = given.get('nonce') ?? '';
  const algorithm = given.get('algorithm') ?? 'MD5';
  const qop =
    given
      .get('qop')
      ?.split(',')
      .map((each) => each.trim())
      .includes('auth') === true
      ? 'auth'
      : undefined;
  const nc = (asked.nc ?? 1).toString(16).padStart(8, '0');
  const cnonce = asked.cnonce ?? randomBytes(8).toString('hex');
  const ha1 = hash(algorithm, `${login.username}:${realm}:${login.password}`);
  const ha2 = hash(algorithm, `${asked.method}:${asked.uri}`);
  const middle = qop === undefined ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  const parts = [
    `username="${login.username}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${asked.uri}"`,
    `response="${hash(algorithm, `${ha1}:${middle}:${ha2}`)}"`,
    `algorithm=${algorithm}`,
    ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${nc}`, `cnonce="${cnonce}"`]),
    ...(given.has('opaque') ? [`opaque="${given.get('opaque')}"`] : []),
  ];
  return `Digest ${parts.join(', ')}`;
}

/** True when these credentials answer our nonce for this login. */
export function credentialsMatch(value: string, login: Login, asked: { method: string; nonce: string }): boolean {
  const given = digestParams(value);
  if (given.get('username') !== login.username || given.get('nonce') !== asked.nonce) return false;
  const algorithm = given.get('algorithm') ?? 'MD5';
  const ha1 = hash(algorithm, `${login.username}:${given.get('realm') ?? ''}:${login.password}`);
  const ha2 = hash(algorithm, `${asked.method}:${given.get('uri') ?? ''}`);
  const qop = given.get('qop');
  const middle = qop === undefined ? asked.nonce : `${asked.nonce}:${given.get('nc')}:${given.get('cnonce')}:${qop}`;
  return given.get('response') === hash(algorithm, `${ha1}:${middle}:${ha2}`);
}
