/** Keeps secrets out of everything people are shown: timelines, captures, log lines (attacks.md D7). */

export const hidden = '***';

const secretName =
  /^(?:.*(?:password|passwd|secret|token|api_?key|access_?key|private_?key|credential)s?|authorization|proxy-authorization|cookie|set-cookie|wsauth|token_?hash)$/i;
/** Longer names are no field names of ours, and are not worth matching. */
const maxName = 64;

/** Names seen before. Bounded: customers choose names too. */
const known = new Map<string, boolean>();
const mostKnown = 2000;

export function isSecretName(name: string): boolean {
  let secret = known.get(name);
  if (secret === undefined) {
    secret = name.length <= maxName && secretName.test(name);
    if (known.size < mostKnown && name.length <= maxName) known.set(name, secret);
  }
  return secret;
}

/** A replacer for JSON.stringify: values of secret names become `***`. */
export function hideSecrets(key: string, value: unknown): unknown {
  if (key !== '' && value !== null && value !== undefined && isSecretName(key)) return hidden;
  return value;
}

/** `http://user:password@host/` without its credentials. */
export function hideUrlSecrets(url: string): string {
  const start = url.indexOf('://');
  if (start < 0) return url;
  const slash = url.slice(start + 3).search(/[/?#]/);
  const end = slash < 0 ? url.length : start + 3 + slash;
  const at = url.lastIndexOf('@', end - 1);
  return at < start ? url : `${url.slice(0, start + 3)}${hidden}@${url.slice(at + 1)}`;
}

const lf = 0x0a;
const filler = 0x78;
const headers = ['authorization', 'proxy-authorization'];
const sdpLines = ['a=crypto:', 'a=ice-pwd:', 'k='];

function lowerAscii(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** Length of `name` if the line at `at` starts with it, whatever the case; else 0. */
function startsWith(bytes: Buffer, at: number, name: string): number {
  if (at + name.length > bytes.length) return 0;
  for (let i = 0; i < name.length; i++) {
    if (lowerAscii(bytes[at + i] as number) !== name.charCodeAt(i)) return 0;
  }
  return name.length;
}

/** Where the secret part of this line begins; 0 when it holds none. */
function secretStart(bytes: Buffer, at: number): number {
  const first = lowerAscii(bytes[at] as number);
  if (first !== 0x61 && first !== 0x70 && first !== 0x6b) return 0;
  for (const name of sdpLines) {
    const length = startsWith(bytes, at, name);
    if (length > 0) return at + length;
  }
  for (const name of headers) {
    const length = startsWith(bytes, at, name);
    if (length === 0) continue;
    let next = at + length;
    // RFC 3261 §7.3.1 allows blanks before the colon.
    while (bytes[next] === 0x20 || bytes[next] === 0x09) next++;
    if (bytes[next] === 0x3a) return next + 1;
  }
  return 0;
}

function blank(bytes: Buffer, from: number, to: number): void {
  for (let i = from; i < to; i++) if ((bytes[i] as number) > 0x20) bytes[i] = filler;
}

/** Overwrites, in place and without changing any length, the values of Authorization and Proxy-Authorization (their
 * folded lines too) and the keys of SDP (`a=crypto`, `a=ice-pwd`, `k=`). */
export function maskSip(bytes: Buffer): void {
  let masking = false;
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(lf, at);
    const end = found < 0 ? bytes.length : found;
    const folded = bytes[at] === 0x20 || bytes[at] === 0x09;
    if (folded) {
      if (masking) blank(bytes, at, end);
    } else {
      const start = secretStart(bytes, at);
      masking = start > 0;
      if (masking) blank(bytes, start, end);
    }
    at = end + 1;
  }
}
