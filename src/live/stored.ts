/** Bindings and calls as they stand in Redis. Whoever can write there may write nonsense, so all that is read is checked,
 * field by field; what is not understood is undefined. */
import { isIP } from 'node:net';
import { type Binding, bindingKey, type LiveCall, type SharedBan } from '../ports/index.ts';

/** Longest texts, characters; the registrar takes less. */
const longest = { text: 1_024, path: 10, value: 16_000 } as const;

const transports = new Set<unknown>(['udp', 'tcp', 'tls', 'ws', 'wss']);

/** The instance, and after a # which of its flows, as one word without blanks. */
export function deviceWord({ instance, regId }: Pick<Binding, 'instance' | 'regId'>): string {
  if (instance === undefined) return '-';
  return `i${encodeURIComponent(instance)}${regId === undefined ? '' : `#${regId}`}`;
}

/** `value`: `<deadline> <at> <device> <json>`, times by Redis's clock; `clocks`: what it is now there and here, ms. */
export function decodeBinding(
  value: string,
  expected: { readonly aor: string; readonly key: string },
  clocks: { readonly redis: number; readonly here: number },
): Binding | undefined {
  const [head = '', deadline = '', at = ''] = /^(\d{1,15}) (-?\d{1,15}) \S+ (?=\{)/.exec(value) ?? [];
  if (head === '' || value.length > longest.value) return undefined;
  const binding = jsonOf(value.slice(head.length));
  if (!isBinding(binding) || binding.aor !== expected.aor || bindingKey(binding) !== expected.key) return undefined;
  const offset = clocks.here - clocks.redis;
  return { ...binding, registeredAt: Number(at) + offset, expiresAt: Number(deadline) + offset };
}

/** `value`: `<node> <started>`. */
export function decodeCall(callSid: string, accountSid: string, value: string): LiveCall | undefined {
  const [, node, started] = /^(\S{1,255}) (\d{1,15})$/.exec(value) ?? [];
  if (node === undefined || callSid.length > 64) return undefined;
  return { callSid, accountSid, node, startedAt: Number(started) };
}

const day = 86_400_000;

/** `fields`: name and value in turn. `ageMs`: how long ago it was written. */
export function decodeBan(fields: readonly string[], ageMs: number): (SharedBan & { node: string }) | undefined {
  const value = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  const [address, node, reason] = [value('address'), value('node'), value('reason')];
  const ms = Number(value('ms'));
  if (isIP(address.replace(/::\/64$/, '::')) === 0 || !isWithin(ms, 0, day)) return undefined;
  if (!isText(reason) || !isText(node)) return undefined;
  return { address, ms: ms - ageMs, reason: reason.slice(0, 64), node };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const texts = ['aor', 'accountSid', 'clientSid', 'contact', 'node', 'callId', 'userAgent'] as const;
const optionalTexts = ['connectionId', 'instance'] as const;

function isBinding(value: unknown): value is Binding {
  if (typeof value !== 'object' || value === null) return false;
  const it = value as Record<string, unknown>;
  if (!texts.every((name) => isText(it[name]))) return false;
  if (!optionalTexts.every((name) => it[name] === undefined || isText(it[name]))) return false;
  if (it['regId'] !== undefined && !(Number.isInteger(it['regId']) && isWithin(it['regId'], 1, 2 ** 31 - 1)))
    return false;
  return isWay(it) && Number.isSafeInteger(it['cseq']) && isWithin(it['q'], 0, 1) && isPath(it['path']);
}

function isWay({ transport, address, port }: Record<string, unknown>): boolean {
  return (
    transports.has(transport) &&
    typeof address === 'string' &&
    isIP(address) !== 0 &&
    Number.isInteger(port) &&
    isWithin(port, 1, 65_535)
  );
}

/** Control characters would let a value write SIP headers of its own. */
function isText(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > longest.text) return false;
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) < 0x20) return false;
  return true;
}

function isPath(value: unknown): boolean {
  return Array.isArray(value) && value.length <= longest.path && value.every(isText);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
