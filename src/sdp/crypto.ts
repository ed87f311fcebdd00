/** SDP security descriptions: the keys of SRTP in `a=crypto` lines. RFC 4568; the suites of RFC 4568 §6.2, RFC 6188 and
 * RFC 7714 §14.2. Nothing that leaves here as text for people holds a key. */

export type SrtpSuite =
  | 'AEAD_AES_256_GCM'
  | 'AEAD_AES_128_GCM'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_256_CM_HMAC_SHA1_32'
  | 'AES_CM_128_HMAC_SHA1_32';

/** Octets of the master key and of the master salt. */
export const srtpSuites: Readonly<Record<SrtpSuite, { readonly key: number; readonly salt: number }>> = {
  AEAD_AES_256_GCM: { key: 32, salt: 12 },
  AEAD_AES_128_GCM: { key: 16, salt: 12 },
  AES_256_CM_HMAC_SHA1_80: { key: 32, salt: 14 },
  AES_CM_128_HMAC_SHA1_80: { key: 16, salt: 14 },
  AES_256_CM_HMAC_SHA1_32: { key: 32, salt: 14 },
  AES_CM_128_HMAC_SHA1_32: { key: 16, salt: 14 },
};

/** What we offer, best first. The others are taken from who offers them. */
export const offeredSuites: readonly SrtpSuite[] = [
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
];

/** Is a leg's audio encrypted: never, when the far end can, or always. */
export type SrtpPolicy = 'none' | 'offer' | 'require';

/** What protects one direction. `masterKey`: base64 of master key and salt, secret. */
export type SrtpKey = { readonly suite: SrtpSuite; readonly masterKey: string };

/** Each end has a key of its own: we send with ours and receive with the far end's. */
export type SrtpKeys = { readonly send: SrtpKey; readonly receive: SrtpKey };

/** One `a=crypto` line. */
export type CryptoLine = SrtpKey & { readonly tag: number };

/** Lines that are looked at; more of them say nothing new. */
const maxLines = 32;
const maxLineLength = 512;

/** The `a=crypto` values of each m-line, in order: media-level only (RFC 4568 §5). */
export function cryptoValues(text: string): readonly (readonly string[])[] {
  const media: string[][] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('m=')) media.push([]);
    else if (line.startsWith('a=crypto:')) media.at(-1)?.push(line.slice('a=crypto:'.length));
  }
  return media;
}

/** Reads one line; the reason when we cannot use it. */
export function readCrypto(value: string): CryptoLine | string {
  if (value.length > maxLineLength) return 'a crypto line is too long';
  const [tag = '', suite = '', keys = '', ...session] = value.trim().split(/\s+/);
  if (!/^[1-9]\d{0,8}$/.test(tag)) return 'a crypto line has no valid tag';
  const fault = (text: string): string => `crypto ${tag}: ${text}`;
  if (!isSuite(suite)) return fault(`the suite ${suite.replace(/\W/g, '').slice(0, 40)} is not spoken`);
  if (keys.includes(';')) return fault('several keys are not supported');
  const [inline = '', ...rest] = keys.split('|');
  if (!/^inline:/i.test(inline)) return fault('the key is not inline');
  const masterKey = inline.slice('inline:'.length);
  const { key, salt } = srtpSuites[suite];
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(masterKey) || Buffer.from(masterKey, 'base64').length !== key + salt)
    return fault(`the key has not ${key + salt} octets in base64`);
  if (rest.some((each) => each.includes(':'))) return fault('an MKI is not supported');
  if (rest.length > 1 || rest.some((each) => !isLifetime(each))) return fault('the lifetime is not valid');
  const refused = session.find((each) => !mayPass(each));
  if (refused !== undefined)
    return fault(`the parameter ${refused.replace(/[^\w=]/g, '').slice(0, 30)} is not supported`);
  return { tag: Number(tag), suite, masterKey };
}

/** The offerer's most preferred line that we can use (RFC 4568 §5.1.2), or why there is none. */
export function chooseCrypto(values: readonly string[]): CryptoLine | string {
  const faults: string[] = [];
  for (const value of values.slice(0, maxLines)) {
    const read = readCrypto(value);
    if (typeof read === 'object') return read;
    if (faults.length < 4) faults.push(read);
  }
  return faults.length === 0 ? 'it has no a=crypto line' : faults.join('; ');
}

export function printCrypto({ tag, suite, masterKey }: CryptoLine): string {
  return `a=crypto:${tag} ${suite} inline:${masterKey}\r\n`;
}

/** SDP, or any text that may hold some, as others may see it: a key of its audio is nobody else's business. */
export function hideKeys(text: string): string {
  return text.replace(/^(a=crypto:[^\r\n]*?inline:)[^\r\n]*/gim, '$1***');
}

/** A key nobody had before. `bytes` must be real entropy. */
export function freshKey(suite: SrtpSuite, bytes: (length: number) => Buffer): SrtpKey {
  const { key, salt } = srtpSuites[suite];
  return { suite, masterKey: bytes(key + salt).toString('base64') };
}

export function sameKey(a: SrtpKey | undefined, b: SrtpKey | undefined): boolean {
  return a?.suite === b?.suite && a?.masterKey === b?.masterKey;
}

function isSuite(name: string): name is SrtpSuite {
  return Object.hasOwn(srtpSuites, name);
}

/** `2^20` or a number of packets, at most what SRTP allows (RFC 4568 §6.1). A call ends long before ours would. */
function isLifetime(text: string): boolean {
  const power = /^2\^(\d{1,2})$/.exec(text)?.[1];
  const packets = power === undefined ? (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0) : 2 ** Number(power);
  return packets >= 1 && packets <= 2 ** 48;
}

/** RFC 4568 §6.3: each of the known parameters would make the stream weaker or other than we make it, but WSH, which is a
 * hint; unknown ones count only where they say so with a minus. */
function mayPass(parameter: string): boolean {
  return /^WSH=\d{1,9}$/.test(parameter) || /^-[A-Za-z]/.test(parameter);
}
