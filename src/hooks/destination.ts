/** From a hook as written to where it goes: URL resolved against the application's, credentials that may travel there,
 * retry policy, refusals that need no look-up. Pure, and remembered, since a call's hooks repeat the last call's. */
import { printable } from '../base/index.ts';
import type { HookRef, HookTarget } from '../ports/index.ts';
import { refuseAddress, refuseName, refusePort } from './address-rules.ts';
import { parseRetry, type RetryPolicy } from './retry.ts';

export type Place = {
  readonly origin: string;
  /** Path and query as sent. */
  readonly path: string;
  /** For people and traces: no credentials, no fragment. */
  readonly url: string;
  readonly retry: RetryPolicy;
  /** `Basic …` from userinfo in the URL, where there was some. */
  readonly userinfo: string | undefined;
};
export type Refusal = {
  readonly refused: 'bad-url' | 'address-refused';
  readonly url: string;
  readonly message: string;
};
export type Destination = Place & { readonly method: 'GET' | 'POST'; readonly authorization: string | undefined };

const longestUrl = 4096;
const mostOfBase = 500;
const noBase: HookTarget = { url: '' };

export class Places {
  readonly #allowPrivate: boolean;
  readonly #most: number;
  #known = new Map<string, Place | Refusal>();
  /** By the application's hook, an object of the directory that lives as long as the application is unchanged. */
  readonly #byBase = new WeakMap<HookTarget, Map<string, Destination>>();

  constructor(options: { allowPrivate: boolean; most?: number }) {
    this.#allowPrivate = options.allowPrivate;
    this.#most = options.most ?? 2000;
  }

  /** Where the hook goes; `base` is the application's own hook. */
  destination(hook: HookRef, base: HookTarget | undefined): Destination | Refusal {
    if (typeof hook === 'string') return this.#remembered(hook, 'POST', base);
    if (hook.username === undefined) return this.#remembered(hook.url, hook.method ?? 'POST', base);
    const place = this.locate(hook.url, base?.url);
    if ('refused' in place) return place;
    return { ...place, method: hook.method ?? 'POST', authorization: basic(hook.username, hook.password) };
  }

  #remembered(url: string, method: 'GET' | 'POST', base: HookTarget = noBase): Destination | Refusal {
    let known = this.#byBase.get(base);
    if (known === undefined || known.size >= mostOfBase) this.#byBase.set(base, (known = new Map()));
    const key = method === 'POST' ? url : `${method} ${url}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const place = this.locate(url, base === noBase ? undefined : base.url);
    if ('refused' in place) return place;
    const destination = { ...place, method, authorization: place.userinfo ?? this.#atHome(place, base) };
    known.set(key, destination);
    return destination;
  }

  /** The base's credentials, to the base's own origin only: scheme, host and port. */
  #atHome(place: Place, base: HookTarget): string | undefined {
    const home = this.locate(base.url, undefined);
    if ('refused' in home || home.origin !== place.origin) return undefined;
    return base.username === undefined ? home.userinfo : basic(base.username, base.password);
  }

  locate(url: string, base: string | undefined): Place | Refusal {
    const key = base === undefined ? url : `${base}\n${url}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const place = locate(url, base, this.#allowPrivate);
    if (key.length <= 2 * longestUrl) {
      if (this.#known.size >= this.#most) this.#known = new Map();
      this.#known.set(key, place);
    }
    return place;
  }
}

function locate(text: string, base: string | undefined, allowPrivate: boolean): Place | Refusal {
  if (text.length > longestUrl) return refusal('bad-url', text, `longer than ${longestUrl} characters`);
  const parsed = parse(text, base);
  if (parsed === undefined)
    return refusal('bad-url', text, 'not a URL, or relative without a call hook to be relative to');
  const { protocol, hostname, port, username, password, origin } = parsed;
  const url = `${origin}${parsed.pathname}${parsed.search}`;
  if (protocol !== 'http:' && protocol !== 'https:')
    return refusal('bad-url', text, 'only http and https URLs are called');
  const reason = refuseName(hostname) ?? refusePort(Number(port)) ?? refuseLiteral(hostname, allowPrivate);
  if (reason !== undefined) return { refused: 'address-refused', url, message: `${hostname} is ${reason}` };
  const userinfo = username === '' ? undefined : basic(decode(username), decode(password));
  return { origin, path: parsed.pathname + parsed.search, url, retry: parseRetry(parsed.hash), userinfo };
}

function parse(text: string, base: string | undefined): URL | undefined {
  try {
    return base === undefined ? new URL(text) : new URL(text, base);
  } catch {
    return undefined;
  }
}

/** URL has already turned decimal, octal and hexadecimal hosts into dotted quads. Names are checked once resolved. */
function refuseLiteral(hostname: string, allowPrivate: boolean): string | undefined {
  if (hostname.startsWith('[')) return refuseAddress(hostname.slice(1, -1), allowPrivate);
  return /^[0-9.]+$/.test(hostname) ? refuseAddress(hostname, allowPrivate) : undefined;
}

function refusal(refused: Refusal['refused'], text: string, message: string): Refusal {
  // Neither fragment nor userinfo of a URL we could not read may reach an alert.
  const shown = text
    .slice(0, 200)
    .replace(/#.*$/s, '')
    .replace(/\/\/[^/]*@/, '//***@');
  return { refused, url: printable(shown, 200), message };
}

function basic(username: string, password = ''): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
