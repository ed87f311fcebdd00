/** What applications may ask to be said: plain text or SSML. Vendors that read SSML get it as it is; for the others it
 * becomes words and pauses. */

export type Spoken = { readonly words: string } | { readonly pauseMs: number };

/** Longest pause of one break, ms. */
const MOST_PAUSE = 10_000;

export function isSsml(text: string): boolean {
  return /^\s*<speak[\s>]/i.test(text);
}

/** Words and pauses of a text. Tags go, what they enclose stays, `<sub alias>` says its alias. Linear in its length. */
export function spokenParts(text: string): Spoken[] {
  if (!isSsml(text)) return text.trim() === '' ? [] : [{ words: text.trim() }];
  const parts: Spoken[] = [];
  let words = '';
  const flush = (): void => {
    const said = unescape(words).replace(/\s+/g, ' ').trim();
    if (said !== '') parts.push({ words: said });
    words = '';
  };
  let hidden = false;
  for (const token of text.split(/(<[^<>]*>)/)) {
    const name = /^<\/?([\w:]+)/.exec(token)?.[1]?.toLowerCase();
    if (name === undefined) {
      if (!hidden) words += token;
    } else if (name === 'break') {
      flush();
      parts.push({ pauseMs: breakMs(token) });
    } else if (name === 'sub') {
      hidden = !token.startsWith('</');
      words += hidden ? ` ${attribute(token, 'alias') ?? ''} ` : '';
    } else if (name === 'p' || name === 's') words += token.startsWith('</') ? '. ' : ' ';
  }
  flush();
  return parts;
}

/** Words alone, for vendors that know neither SSML nor pauses. */
export function plainText(text: string): string {
  return spokenParts(text)
    .map((part) => ('words' in part ? part.words : ''))
    .filter((words) => words !== '')
    .join(' ');
}

const strengths: Readonly<Record<string, number>> = {
  none: 0,
  'x-weak': 100,
  weak: 200,
  medium: 400,
  strong: 700,
  'x-strong': 1200,
};

function breakMs(tag: string): number {
  const time = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s)$/.exec(attribute(tag, 'time') ?? '');
  if (time !== null) return Math.min(MOST_PAUSE, Number(time[1]) * (time[2] === 's' ? 1000 : 1));
  return strengths[attribute(tag, 'strength') ?? 'medium'] ?? 400;
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag.slice(0, 1000));
  return match?.[1] ?? match?.[2];
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(\w{2,4});/g, (whole, name: string) => entities[name] ?? whole);
}

/** Text for use inside XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
