/** Fetches a customer's file (music, prompts): same address rules as hooks, checked anew at every redirect. */
import type { Clock } from '../base/index.ts';
import type { HookFault, Hooks } from '../ports/index.ts';
import { broken, type HookClient } from './client.ts';
import type { Received } from './exchange.ts';

type FetchOptions = Parameters<Hooks['fetch']>[1];
type Fetched = Awaited<ReturnType<Hooks['fetch']>>;

const redirects = new Set([301, 302, 303, 307, 308]);

export async function fetchFile(
  parts: { client: HookClient; clock: Clock; userAgent: string },
  url: string,
  options: FetchOptions,
): Promise<Fetched> {
  const { client, clock } = parts;
  const deadline = clock.monotonic() + options.timeoutMs;
  let next = url;
  let base: string | undefined;
  for (let hop = 0; ; hop++) {
    const place = client.places.locate(next, base);
    if ('refused' in place) return { ok: false, kind: place.refused, url: place.url, message: place.message };
    const headers = ['accept', 'audio/*, */*;q=0.5', 'accept-encoding', 'identity', 'user-agent', parts.userAgent];
    if (hop === 0 && place.userinfo !== undefined) headers.push('authorization', place.userinfo);
    const timeoutMs = Math.max(0, deadline - clock.monotonic());
    const result = await client.exchange(
      { origin: place.origin, path: place.path, method: 'GET', headers },
      { timeoutMs, maxBytes: options.maxBytes, label: `fetch ${options.accountSid} timeout` },
    );
    if ('fault' in result) return broken(result, place.url);
    const location = redirects.has(result.status) ? result.headers.location : undefined;
    if (location === undefined) return fetched(result, place.url);
    if (hop >= options.maxRedirects)
      return fault('status', result.status, place.url, `more than ${options.maxRedirects} redirects`);
    next = location;
    base = place.url;
  }
}

function fetched({ status, headers, body }: Received, url: string): Fetched {
  if (status === 404 || status === 410) return fault('not-found', status, url, `answered ${status}`);
  if (status === 401 || status === 403) return fault('auth', status, url, `answered ${status}`);
  if (status !== 200) return fault('status', status, url, `answered ${status}`);
  const etag = headers.etag === undefined ? {} : { etag: headers.etag };
  return { ok: true, status, contentType: headers['content-type'] ?? '', body, ...etag };
}

function fault(kind: HookFault['kind'], status: number, url: string, message: string): HookFault {
  return { ok: false, kind, status, url, message };
}
