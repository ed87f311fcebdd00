/** How nodes know each other: HMAC-SHA256 with the secret they share. A request is signed for one node, one moment and one
 * use; the address a node gives is signed too, so that whoever can write to Redis cannot send requests where he likes. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type Head = {
  readonly from: string;
  readonly to: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly nonce: string;
  /** SHA-256 of the body, hex. */
  readonly bodyHash: string;
};

export type Signed = { readonly method: string; readonly path: string; readonly head: string; readonly asker: string };

const longestHead = 1_024;
const longestAddress = 512;
const longestSip = 80;
/** With two signatures. */
const longestSealed = longestAddress + longestSip + 131;

export function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

export function writeHead({ from, to, at, nonce, bodyHash }: Head): string {
  return [from, to, at, nonce, bodyHash].join(' ');
}

export function readHead(text: string): Head | undefined {
  if (text.length > longestHead) return undefined;
  const [, from, to, at, nonce, bodyHash] =
    /^([^\s]{1,255}) ([^\s]{1,255}) (\d{13}) ([0-9a-z]{16,64}) ([0-9a-f]{64})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || nonce === undefined || bodyHash === undefined) return undefined;
  return { from, to, at: Number(at), nonce, bodyHash };
}

export function sign(secret: string, { method, path, head, asker }: Signed): string {
  return mac(secret, ['request', method, path, head, asker]);
}

export function isSigned(secret: string, signed: Signed, signature: string): boolean {
  return same(sign(secret, signed), signature);
}

/** What a node says of where it is: for the others `<url> <signature>`, then for an edge `<host:port> <signature>`. */
export function sealAddress(secret: string, node: string, url: string, sip?: string): string {
  const own = `${url} ${mac(secret, ['address', node, url])}`;
  return sip === undefined ? own : `${own} ${sip} ${mac(secret, ['sip', node, sip])}`;
}

/** Where that node takes SIP over UDP, if it said so. */
export function openSip(secret: string, node: string, sealed: string): string | undefined {
  if (sealed.length > longestSealed) return undefined;
  const [, , sip = '', signature = '', ...more] = sealed.split(' ');
  return more.length === 0 && same(mac(secret, ['sip', node, sip]), signature) ? sip : undefined;
}

/** The URL, if that node gave it and it is one that nodes may have. */
export function openAddress(secret: string, node: string, sealed: string): URL | undefined {
  if (sealed.length > longestSealed) return undefined;
  const [url = '', signature = '', ...more] = sealed.split(' ');
  if (more.length > 0 && openSip(secret, node, sealed) === undefined) return undefined;
  if (!same(mac(secret, ['address', node, url]), signature)) return undefined;
  return nodeUrl(url);
}

/** `http(s)://host[:port]`, nothing else. */
export function nodeUrl(text: string): URL | undefined {
  if (text.length > longestAddress || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  return plain && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined;
}

/** No part can run into the next: a line break is in none of them. */
function mac(secret: string, parts: readonly string[]): string {
  return createHmac('sha256', secret)
    .update(parts.map((part) => part.replaceAll('\n', ' ')).join('\n'))
    .digest('hex');
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
