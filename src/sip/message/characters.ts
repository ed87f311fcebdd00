/** What a character may be part of. RFC 3261 §25.1. One table lookup answers; nothing here backtracks. */
export const TOKEN = 1;
/** May stand unescaped in the user part of a URI. */
export const USER = 2;
export const HOST = 4;
/** May stand in the name or value of a URI parameter. */
export const URI_PARAM = 8;
export const HEX = 16;
/** May stand unquoted as the value of a header parameter: token and host, IPv6 references included. */
export const VALUE = 32;
export const PASSWORD = 64;
/** May stand in the headers part of a URI. */
export const URI_HEADER = 128;

/** May stand in the value of a URI parameter. */
export const URI_VALUE = 256;

const classes = new Uint16Array(256);
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';
const mark = "-_.!~*'()";

function allow(characters: string, mask: number): void {
  for (const character of characters) classes[character.charCodeAt(0)]! |= mask;
}

allow(letters + digits, TOKEN | USER | HOST | URI_PARAM | VALUE | PASSWORD | URI_HEADER);
allow("-.!%*_+`'~", TOKEN | VALUE);
// '#' should be escaped in a user part, but phones dial feature codes with it as it is; we escape it when we print.
allow(`${mark}%&=+$,;?/#`, USER);
allow(`${mark}%&=+$,`, PASSWORD);
// '_' is not in a host name's grammar but is in real DNS names.
allow('-._', HOST);
allow(`${mark}%[]/:&+$`, URI_PARAM | URI_VALUE);
allow(`${letters}${digits}=`, URI_VALUE);
// '/', '=' and '@' are not in the grammar, but base64 tags and branches have them, and they have one reading.
allow('[]:/=@', VALUE);
allow(`${mark}%[]/?:+$&=`, URI_HEADER);
allow('0123456789abcdefABCDEF', HEX);

export function is(code: number, mask: number): boolean {
  return code < 256 && (classes[code]! & mask) !== 0;
}

/** The same characters twice: bytes to walk over (three times as fast as a string), and the text to cut values from.
 * Positions are the same in both; a character that is no byte is 0xff in `bytes`, which no class has. */
export type Text = { readonly bytes: Uint8Array; readonly text: string };

export function textOf(text: string): Text {
  if (Buffer.byteLength(text) === text.length) return { bytes: Buffer.from(text, 'latin1'), text };
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = Math.min(text.charCodeAt(i), 0xff);
  return { bytes, text };
}

/** The first position at or after `at` whose character is not of this class. */
export function span(bytes: Uint8Array, at: number, end: number, mask: number): number {
  let i = at;
  while (i < end && (classes[bytes[i]!]! & mask) !== 0) i++;
  return i;
}

/** The first position at or after `at` of this character; -1 when there is none before `end`. */
export function find(bytes: Uint8Array, code: number, at: number, end: number): number {
  for (let i = at; i < end; i++) if (bytes[i] === code) return i;
  return -1;
}

/** Skips spaces and tabs; line folds have been unfolded before anything here looks. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (bytes[i] === 0x20 || bytes[i] === 0x09)) i++;
  return i;
}

/** The end of a text without its trailing spaces and tabs. */
export function trimEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = end;
  while (i > at && (bytes[i - 1] === 0x20 || bytes[i - 1] === 0x09)) i--;
  return i;
}

/** Are all characters of this class? */
export function every(text: string, mask: number): boolean {
  for (let i = 0; i < text.length; i++) if (!is(text.charCodeAt(i), mask)) return false;
  return true;
}

export function isToken(text: string): boolean {
  return text.length > 0 && every(text, TOKEN);
}

/** The position after the closing quote of a quoted string that starts at `at`; -1 when it never closes. */
export function endOfQuoted(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    if (bytes[i] === 0x22) return i + 1;
    if (bytes[i] === 0x5c) i++;
  }
  return -1;
}

/** What a quoted string says: without quotes and escapes. Anything else comes back as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== 0x22) return text;
  const inner = text.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  let out = '';
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === 0x5c && i + 1 < inner.length) i++;
    out += inner[i];
  }
  return out;
}

/** A quoted string that says `text`. Call `hasControl` first on what strangers wrote. */
export function quote(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`;
  let out = '"';
  for (const character of text) out += character === '"' || character === '\\' ? `\\${character}` : character;
  return `${out}"`;
}

// oxlint-disable-next-line no-control-regex -- it looks for them
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/;

/** Has this text a character no header may carry: controls (tab excepted), DEL, C1? CR and LF above all. By a regular
 * expression, because a loop over a string that was just put together costs ten times as much. */
export function hasControl(text: string): boolean {
  return control.test(text);
}

/** An unsigned decimal number of digits alone, at most `most`; -1 for anything else. */
export function readDigits(bytes: Uint8Array, at: number, end: number, most: number): number {
  if (at >= end) return -1;
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > most) return -1;
  }
  return value;
}

/** The same of a whole text. */
export function readUint(text: string, most: number): number {
  if (text === '') return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > most) return -1;
  }
  return value;
}
