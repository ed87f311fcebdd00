/** Makes text from strangers harmless to look at, in a page and in a terminal (attacks.md A10, F3). */

// Controls, C1 controls, zero-width and bidirectional marks: everything that changes what a reader sees without being seen.
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

function picture(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Shows control characters as pictures (␛, ␍, ␊): one line stays one line. */
export function visible(text: string): string {
  return text.replace(unseen, picture);
}

/** The same for text of several lines: line breaks and tabs stay. */
export function visibleLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unseen, (char) => (char === '\n' || char === '\t' ? char : picture(char)));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For HTML and SVG text and double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char] as string);
}

/** One harmless line of HTML text, at most `max` characters. */
export function line(text: string, max = 200): string {
  const shown = visible(text);
  return escapeHtml(shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`);
}
