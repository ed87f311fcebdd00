/** Replaces: which dialog a new call takes the place of. RFC 3891 §6.1. */
import { isToken } from '../sip/message/index.ts';

/** The dialog as the one who is asked to give it up knows it: to-tag is its own tag. */
export type Replaces = {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  /** Only while it has not been answered. */
  readonly earlyOnly: boolean;
};

const MAX_LENGTH = 1024;

/** undefined: not readable. */
export function readReplaces(text: string): Replaces | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [callId = '', ...params] = text.split(';').map((each) => each.trim());
  const toTag = only(params, 'to-tag');
  const fromTag = only(params, 'from-tag');
  if (!/^[\x21-\x3a\x3c-\x7e]+$/.test(callId) || toTag === undefined || fromTag === undefined) return undefined;
  return { callId, toTag, fromTag, earlyOnly: params.some((each) => each.toLowerCase() === 'early-only') };
}

export function replacesValue({ callId, toTag, fromTag, earlyOnly }: Replaces): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`;
}

/** Of a parameter that must be there exactly once. */
function only(params: readonly string[], name: string): string | undefined {
  const found = params.filter((each) => each.toLowerCase().startsWith(`${name}=`));
  const value = found[0]?.slice(name.length + 1).trim();
  return found.length === 1 && value !== undefined && isToken(value) ? value : undefined;
}
