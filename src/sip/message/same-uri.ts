import type { Params, SipUri } from './types.ts';
import { unescapeUri } from './uri.ts';

/** Parameters that must match even when only one URI has them. RFC 3261 §19.1.4. */
const counting = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Are two URIs equivalent by RFC 3261 §19.1.4 (sip, sips), RFC 3966 §4 (tel), or text (others)? */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.scheme === 'other') return a.text === b.text;
  if (a.scheme === 'tel') return bare(a.user) === bare(b.user) && sameTelParams(a.params, b.params);
  if (a.user !== b.user || a.password !== b.password) return false;
  if (a.host !== b.host || a.port !== b.port) return false;
  return sameParams(a.params, b.params) && sameHeaders(a.headers, b.headers);
}

function text(value: string | true | undefined): string | undefined {
  return typeof value === 'string' ? (unescapeUri(value) ?? value).toLowerCase() : value === true ? '' : undefined;
}

function sameParams(a: Params, b: Params): boolean {
  for (const name of counting) if (text(a.get(name)) !== text(b.get(name))) return false;
  for (const [name, value] of a) if (b.has(name) && text(b.get(name)) !== text(value)) return false;
  return true;
}

/** Every tel parameter counts. */
function sameTelParams(a: Params, b: Params): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (!b.has(name) || text(b.get(name)) !== text(value)) return false;
  return true;
}

/** A number without visual separators. */
function bare(number: string | undefined): string {
  let out = '';
  for (const character of number ?? '') if (!'-.()'.includes(character)) out += character.toLowerCase();
  return out;
}

/** The parts after `?` match when each has what the other has, in any order. */
function sameHeaders(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  const sorted = (headers: string | undefined): string =>
    (headers ?? '')
      .split('&')
      .map((each) => {
        const equals = each.indexOf('=');
        return `${each.slice(0, equals).toLowerCase()}=${unescapeUri(each.slice(equals + 1)) ?? ''}`;
      })
      .sort()
      .join('&');
  return sorted(a) === sorted(b);
}
