/** Fetches a customer's file (music, prompts): same address rules as hooks, checked anew at every redirect. */
import type { Clock } from '../base/index.ts';
import type { CacheHints, Fetched, HookFault, Hooks, KnownFile } from '../ports/index.ts';
import type { HookClient } from './client.ts';
import type { Broken, Limits, Received } from './exchange.ts';
import { broken } from './sending.ts';

type FetchOptions = Parameters<Hooks['fetch']>[1];

const redirects = new Set([301, 302, 303, 307, 308]);
/** Longest validator that is kept and sent back. */
const MAX_VALIDATOR = 256;

export async function fetchFile(
  parts: { client: HookClient; clock: Clock; userAgent: string },
  url: string,
  options: FetchOptions,
): Promise<Fetched | HookFault> {
  const { client, clock } = parts;
  const deadline = clock.monotonic() + options.timeoutMs;
  let next = url;
  let base: string | undefined;
  for (let hop = 0; ; hop++) {
    const place = client.places.locate(next, base);
    if ('refused' in place) return { ok: false, kind: place.refused, url: place.url, message: place.message };
    const headers = ['accept', 'audio/*, */*;q=0.5', 'accept-encoding', 'identity', 'user-agent', parts.userAgent];
    if (hop === 0 && place.userinfo !== undefined) headers.push('authorization', place.userinfo);
    const asked = condition(place.url, options.known);
    headers.push(...asked);
    const timeoutMs = Math.max(0, deadline - clock.monotonic());
    const limits: Limits = {
      timeoutMs,
      maxBytes: options.maxBytes,
      label: `fetch ${options.accountSid} timeout`,
      ...(options.into && { into: options.into }),
    };
    const { origin, path } = place;
    const result = await new Promise<Received | Broken>((done) =>
      client.ask({ origin, path, method: 'GET', headers, body: null }, limits, done),
    );
    if ('fault' in result) return broken(result, place.url);
    const location = redirects.has(result.status) ? result.headers.location : undefined;
    if (location === undefined) return fetched(result, place.url, asked.length > 0);
    if (hop >= options.maxRedirects)
      return fault('status', result.status, place.url, `more than ${options.maxRedirects} redirects`);
    next = location;
    base = place.url;
  }
}

/** Validators go back to where they came from, and nowhere else. */
function condition(url: string, known: KnownFile | undefined): string[] {
  if (known?.url !== url) return [];
  if (known.etag !== undefined) return ['if-none-match', known.etag];
  return known.lastModified === undefined ? [] : ['if-modified-since', known.lastModified];
}

function fetched(answer: Received, url: string, conditional: boolean): Fetched | HookFault {
  const { status, headers, body } = answer;
  if (status === 404 || status === 410) return fault('not-found', status, url, `answered ${status}`);
  if (status === 401 || status === 403) return fault('auth', status, url, `answered ${status}`);
  if (status !== 200 && !(status === 304 && conditional)) return fault('status', status, url, `answered ${status}`);
  const contentType = headers['content-type'] ?? '';
  return { ok: true, status, contentType, body, known: knownBy(answer, url), cache: hints(answer) };
}

function knownBy({ headers }: Received, url: string): KnownFile {
  const etag = validator(headers.etag);
  const lastModified = validator(headers['last-modified']);
  return { url, ...(etag && { etag }), ...(lastModified && { lastModified }) };
}

/** Only what may be sent back as it is. */
function validator(value: string | undefined): string | undefined {
  return value !== undefined && value.length <= MAX_VALIDATOR && /^[\x21-\x7e][\x20-\x7e]*$/.test(value)
    ? value
    : undefined;
}

function hints({ headers }: Received): CacheHints {
  const { expires, date, age } = headers;
  const cacheControl = headers['cache-control'];
  return {
    ...(cacheControl && { cacheControl }),
    ...(expires && { expires }),
    ...(date && { date }),
    ...(age && { age }),
  };
}

function fault(kind: HookFault['kind'], status: number, url: string, message: string): HookFault {
  return { ok: false, kind, status, url, message };
}
