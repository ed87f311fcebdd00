/** Google's two ways in: an API key, or a service account that signs a request for a token (RFC 7523) good for an hour. */
import { createSign } from 'node:crypto';
import { messageOf } from '../base/index.ts';
import type { Credential } from './credentials.ts';
import { json, type Reach, setting } from './reach.ts';
import { VendorFault } from './vendor.ts';

type Token = { readonly value: string; readonly until: number };
type ServiceKey = { client_email: string; private_key: string; token_uri?: string };

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const TOKENS = 'https://oauth2.googleapis.com/token';
/** A token is renewed so long before its end, ms. */
const EARLY = 60_000;
const MOST_TOKENS = 1000;

export class GoogleAccess {
  readonly #reach: Reach;
  readonly #now: () => number;
  readonly #tokens = new Map<string, Token>();

  constructor(reach: Reach, now: () => number) {
    this.#reach = reach;
    this.#now = now;
  }

  /** Headers that let a request in. */
  async headers(credential: Credential, signal?: AbortSignal): Promise<Record<string, string>> {
    const key = setting(credential, 'api_key');
    if (key !== undefined) return { 'x-goog-api-key': key };
    const service = serviceKey(credential);
    const kept = this.#tokens.get(service.private_key);
    if (kept !== undefined && kept.until - EARLY > this.#now()) return { authorization: `Bearer ${kept.value}` };
    const token = await this.#ask(credential, service, signal);
    if (this.#tokens.size >= MOST_TOKENS) this.#tokens.clear();
    this.#tokens.set(service.private_key, token);
    return { authorization: `Bearer ${token.value}` };
  }

  async #ask(credential: Credential, service: ServiceKey, signal?: AbortSignal): Promise<Token> {
    const uri = service.token_uri ?? TOKENS;
    const answer = await this.#reach.post(credential, {
      url: uri,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertion(service, uri, Math.floor(this.#now() / 1000)),
      }).toString(),
      ...(signal === undefined ? {} : { signal }),
    });
    const { access_token: value, expires_in: seconds } = json('google', answer.body);
    if (typeof value !== 'string') throw new VendorFault('garbage', 'google gave no access token');
    return { value, until: this.#now() + Number(seconds ?? 3600) * 1000 };
  }
}

/** The service account's key file, as text or as an object. */
function serviceKey({ settings }: Credential): ServiceKey {
  const raw = settings['service_key'];
  try {
    const key = (typeof raw === 'string' ? JSON.parse(raw) : raw) as Partial<ServiceKey> | undefined;
    if (typeof key?.client_email === 'string' && typeof key.private_key === 'string') return key as ServiceKey;
  } catch {
    // Said below: the key itself must not be in the message.
  }
  throw new VendorFault(
    'unusable',
    'the google credential needs api_key, or service_key (the JSON of a service account)',
  );
}

function assertion(service: ServiceKey, audience: string, now: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: service.client_email, scope: SCOPE, aud: audience, iat: now, exp: now + 3600 };
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  try {
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(service.private_key, 'base64url')}`;
  } catch (fault) {
    throw new VendorFault('unusable', `the google service_key cannot sign: ${messageOf(fault)}`);
  }
}
