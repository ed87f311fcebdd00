/** Text from outside, fit for one line of a log, an alert or a terminal: what could end the line, move the cursor or turn
 * the reading direction is shown as its code; what is too long is cut. */
export function printable(text: string, most = 80): string {
  let shown = '';
  const end = Math.min(text.length, most);
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    shown += isUnprintable(code) ? `\\u${code.toString(16).padStart(4, '0')}` : text[at];
  }
  return text.length > most ? `${shown}…` : shown;
}

/** C0, DEL, C1, soft hyphen, line and paragraph separators, direction marks and overrides, zero-width characters. */
function isUnprintable(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  if (code < 0x200b) return code === 0xad || code === 0x61c;
  return code <= 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code === 0xfeff;
}
