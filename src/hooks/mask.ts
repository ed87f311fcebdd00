/** What of a hook's bodies a trace may keep: no secrets, bounded size. */

const masked = '***';
const largest = 16 * 1024;
const preview = 2048;
const secretWords = /password|passwd|secret|authorization|api[_-]?key|token|credential|private[_-]?key/i;
/** What JSON says somewhere if anything is to be hidden in it: one look at the text instead of a walk over its members. */
const anywhere = new RegExp(`${secretWords.source}|a=crypto:`, 'i');
/** Keys repeat from hook to hook, so the verdict on each is remembered. */
let verdicts = new Map<string, boolean>();

function isSecret(key: string): boolean {
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  const verdict = key.length <= 200 && secretWords.test(key);
  if (verdicts.size > 2000) verdicts = new Map();
  verdicts.set(key, verdict);
  return verdict;
}

/** A copy without secrets where there are any, the value itself where there are none. `size`: of its JSON, where known. */
export function traceable(value: unknown, size: number): unknown {
  if (size <= largest) return mask(value, 0);
  const text = JSON.stringify(mask(value, 0)) ?? '';
  return { truncated: true, bytes: size, start: text.slice(0, preview) };
}

/** The JSON of a value itself, where nothing in it has to be hidden or cut. */
export function traceableText(json: string | undefined, size: number): string | undefined {
  return json !== undefined && size <= largest && !anywhere.test(json) ? json : undefined;
}

function mask(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 40) return '…';
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    const safe = safeMember(key, member, depth);
    if (safe === member) continue;
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
    copy[key] = safe;
  }
  return copy ?? value;
}

function safeMember(key: string, member: unknown, depth: number): unknown {
  if (isSecret(key)) return member === null || member === undefined ? member : masked;
  if (typeof member === 'string') return member.includes('\n') ? maskLines(member) : member;
  return mask(member, depth + 1);
}

/** A raw SIP message carries its credentials in a header line, SDP the keys of its audio. */
function maskLines(text: string): string {
  if (text.length > largest) return text.slice(0, 200);
  return text.replace(/^((?:proxy-)?authorization[ \t]*:|a=crypto:).*$/gim, `$1 ${masked}`);
}
