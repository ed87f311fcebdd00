/** What an application's HTTP response means. RFC 9110 §15; JSON only where the content type says so. */
import { STATUS_CODES } from 'node:http';
import { printable } from '../base/index.ts';
import type { HookAnswer } from '../ports/index.ts';
import type { Received } from './exchange.ts';

/** Deep enough for any document; bounds what walks over it later. */
const deepest = 64;

/** `text`: the JSON that `body` was read from. */
export type Interpreted = { readonly answer: HookAnswer; readonly text: string | undefined };

/** `reads`: does anybody read the body? Of a notification only the status counts. */
export function interpret(received: Received, url: string, reads: boolean): Interpreted {
  const { status, body } = received;
  if (status !== 200 && status !== 202 && status !== 204) return { answer: refusal(status, url), text: undefined };
  return reads && body.length > 0 ? read(received, url) : nothingSaid(status, url);
}

function read({ status, headers, body }: Received, url: string): Interpreted {
  const text = decode(body);
  const type = mediaType(headers['content-type']);
  if (!isJson(type)) {
    if (isEmptyAnswer(text, status)) return nothingSaid(status, url);
    return notJson(`content type ${type === '' ? 'missing' : `"${printable(type)}"`}, expected application/json`);
  }
  if (text.trim() === '') return nothingSaid(status, url);
  if (tooDeep(text)) return notJson(`nested deeper than ${deepest} levels`);
  try {
    return { answer: { ok: true, status, body: JSON.parse(text) as unknown, url }, text };
  } catch {
    return notJson('the body is not JSON although its content type says so');
  }

  function notJson(message: string): Interpreted {
    return { answer: { ok: false, kind: 'not-json', status, url, message }, text: undefined };
  }
}

function nothingSaid(status: number, url: string): Interpreted {
  return { answer: { ok: true, status, body: undefined, url }, text: undefined };
}

function refusal(status: number, url: string): HookAnswer {
  const kind = status === 404 ? 'not-found' : status === 401 || status === 403 ? 'auth' : 'status';
  const words = STATUS_CODES[status] ?? '';
  const advice = status >= 300 && status < 400 ? '; redirects of hooks are not followed, use the final URL' : '';
  return { ok: false, kind, status, url, message: `answered ${status} ${words}`.trimEnd() + advice };
}

/** Frameworks answer `sendStatus(200)` with the bare phrase: the application had nothing to say. */
function isEmptyAnswer(text: string, status: number): boolean {
  const bare = text.trim();
  return bare === '' || bare === STATUS_CODES[status];
}

function mediaType(header: string | string[] | undefined): string {
  const text = Array.isArray(header) ? (header[0] ?? '') : (header ?? '');
  const end = text.indexOf(';');
  return (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json') || type === 'text/json';
}

function decode(body: Buffer): string {
  const text = body.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Counts brackets outside strings: linear, and before JSON.parse builds anything. */
export function tooDeep(text: string): boolean {
  if (text.length <= 2 * deepest) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > deepest) return true;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1;
  return i;
}
