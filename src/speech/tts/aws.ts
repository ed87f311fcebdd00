/** Amazon Polly: POST /v1/speech signed with Signature Version 4, bare PCM at 16 kHz out. */
import { createHash, createHmac } from 'node:crypto';
import type { VoiceChoice } from '../../ports/index.ts';
import type { Credential } from '../credentials.ts';
import { needed, type Reach, setting } from '../reach.ts';
import { isSsml } from '../text.ts';
import type { Voice } from '../vendor.ts';
import type { Pcm } from '../wav.ts';
import { soundOf } from './sound.ts';

export class AwsVoice implements Voice {
  readonly name = 'aws';
  readonly #reach: Reach;
  readonly #credential: Credential;
  readonly #now: () => number;

  constructor(reach: Reach, credential: Credential, now: () => number) {
    this.#reach = reach;
    this.#credential = credential;
    this.#now = now;
  }

  async synthesise(text: string, { voice, language, engine }: VoiceChoice, signal: AbortSignal): Promise<Pcm> {
    const credential = this.#credential;
    const region = needed(credential, 'aws_region', 'region');
    const base = setting(credential, 'base_url') ?? `https://polly.${encodeURIComponent(region)}.amazonaws.com`;
    const url = new URL(`${base.replace(/\/$/, '')}/v1/speech`);
    const body = JSON.stringify({
      OutputFormat: 'pcm',
      SampleRate: '16000',
      Text: text,
      TextType: isSsml(text) ? 'ssml' : 'text',
      VoiceId: voice ?? 'Joanna',
      Engine: engine ?? 'neural',
      ...(language === undefined ? {} : { LanguageCode: language }),
    });
    const headers = signed({ credential, region, url, body, at: new Date(this.#now()) });
    return soundOf(this.name, await this.#reach.post(credential, { url: url.href, headers, body, signal }), 16_000);
  }
}

type Signing = { credential: Credential; region: string; url: URL; body: string; at: Date };

/** Headers with the signature. AWS General Reference, "Signature Version 4 signing process". */
function signed({ credential, region, url, body, at }: Signing): Record<string, string> {
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/polly/aws4_request`;
  const token = setting(credential, 'session_token');
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: url.host,
    'x-amz-date': time,
    ...(token === undefined ? {} : { 'x-amz-security-token': token }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    'POST',
    url.pathname,
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const secret = needed(credential, 'secret_access_key');
  const key = scope.split('/').reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const id = needed(credential, 'access_key_id');
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
