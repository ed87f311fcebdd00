/** Where a listener of a call is: the address rules of hooks, for WebSocket URLs. Looked up once; who connects is given
 * exactly the addresses that were checked. */
import type { LookupAddress } from 'node:dns';
import type { FindStream } from '../ports/index.ts';
import { checkedLookup, type Resolve, systemResolve } from './connections.ts';
import { Places } from './destination.ts';

/** `base` of a find is the application's own hook: relative URLs resolve against it. http(s) becomes ws(s). */
export function createStreamFinder(options: { allowPrivateAddresses: boolean; resolve?: Resolve }): FindStream {
  const allowPrivate = options.allowPrivateAddresses;
  const places = new Places({ allowPrivate });
  const lookup = checkedLookup(options.resolve ?? systemResolve, allowPrivate);
  return async (url, auth, base) => {
    const place = places.locate(asHttp(url), base === undefined ? undefined : asHttp(base));
    if ('refused' in place) return { refused: place.message, url: asWs(place.url) };
    const shown = asWs(place.url);
    try {
      const addresses = await addressesOf(new URL(place.origin).hostname, lookup);
      return { url: shown, addresses, authorization: auth === undefined ? place.userinfo : basic(auth) };
    } catch (fault) {
      return { refused: fault instanceof Error ? fault.message : String(fault), url: shown };
    }
  };
}

type Found = { readonly address: string; readonly family: 4 | 6 };

function addressesOf(hostname: string, lookup: ReturnType<typeof checkedLookup>): Promise<Found[]> {
  // A literal was checked with its URL.
  if (hostname.startsWith('[')) return Promise.resolve([{ address: hostname.slice(1, -1), family: 6 }]);
  if (/^[0-9.]+$/.test(hostname)) return Promise.resolve([{ address: hostname, family: 4 }]);
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return reject(error);
      const all = addresses as LookupAddress[];
      resolve(all.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })));
    });
  });
}

function asHttp(url: string): string {
  return url.replace(/^ws(s?):/i, 'http$1:');
}

function asWs(url: string): string {
  return url.replace(/^http(s?):/i, 'ws$1:');
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
