/** Reads JSON bodies: bounded in size by the server, in depth here, before the parser sees them. */
import { GraineError } from '../base/index.ts';
import { bodyTooDeep, invalid } from './errors.ts';

export const depthLimit = 20;

const quote = 0x22;
const backslash = 0x5c;

/** The deepest nesting of brackets outside strings. One pass, no recursion. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === backslash) i++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}

/** Names that would reach an object's prototype. */
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/** undefined for an empty body: clients send `Content-Type: application/json` with DELETE too. */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  if (depthOf(text) > depthLimit) throw new GraineError(bodyTooDeep, { limit: depthLimit });
  const polluted: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text, (key, each: unknown) => {
      if (forbidden.has(key)) polluted.push(key);
      return each;
    });
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : '';
    throw invalid('the body', [{ path: '', expected: 'JSON', got: reason.slice(0, 120) }]);
  }
  const [name] = polluted;
  if (name !== undefined)
    throw invalid('the body', [{ path: `/${name}`, expected: 'left out: this name is not allowed' }]);
  return value;
}
