/** What a timeline keeps, and how it lies in a block of bytes: one record an event.
 *
 *   record = u32 length of the whole record | u8 type | u32 number of the session | body
 *   types:   1 session (who it is)   2 SIP message   3 hook   4 move of the call
 *
 * Every block that holds records of a session also holds its session record, before them: a block explains itself. */
import type { CallTrace, HookTrace, SipTrace } from '../base/index.ts';
import { hideSecrets, hideUrlSecrets, maskSip } from './secrets.ts';

export type StoredSip = SipTrace;
export type StoredHook = Omit<HookTrace, 'request' | 'requestText' | 'response' | 'responseText'> & {
  /** JSON text, secrets hidden. */
  readonly request: string;
  readonly response: string;
};
export type StoredCall = Omit<CallTrace, 'sessionSid'>;
export type StoredEvent = StoredSip | StoredHook | StoredCall;

/** Whose records these are. */
export type Owner = {
  readonly sessionSid: string;
  readonly accountSid: string | undefined;
  readonly callSids: readonly string[];
  /** Events that were left out because the session had too many. */
  readonly lost: number;
};

export const recordHead = 9;
const sessionType = 1;
const sipType = 2;
const hookType = 3;
const callType = 4;

/** Longest text of a hook record, in characters; longer bodies are cut. */
const maxHook = 65_536;
const maxBody = 16_384;
/** Longest title or Call-ID kept; both come from the network. */
const maxName = 256;

/** Bytes to write records into; numbers go in through the view, which checks its arguments without a call. */
export type Room = { readonly bytes: Buffer; readonly view: DataView; used: number };

export function roomOf(bytes: Buffer): Room {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), used: 0 };
}

function put(room: Room, type: number, session: number, bodyLength: number): void {
  room.view.setUint32(room.used, recordHead + bodyLength, true);
  room.bytes[room.used + 4] = type;
  room.view.setUint32(room.used + 5, session, true);
  room.used += recordHead + bodyLength;
}

function putText(room: Room, type: number, session: number, text: string): void {
  put(room, type, session, room.bytes.write(text, room.used + recordHead));
}

export function sessionText(owner: Owner): string {
  return JSON.stringify([owner.sessionSid, owner.accountSid ?? null, owner.callSids, owner.lost]);
}

export function putSession(room: Room, session: number, text: string): void {
  putText(room, sessionType, session, text);
}

/** Most bytes a SIP record may take beside the message: text grows at most threefold in UTF-8. */
export const sipOverhead = recordHead + 12 + 3 * (2 * maxName + 150);

function short(text: string): string {
  return text.length <= maxName ? text : text.slice(0, maxName);
}

export function putSip(room: Room, session: number, event: SipTrace): void {
  const { bytes, view } = room;
  const { local, remote } = event;
  const start = room.used + recordHead;
  const ends = `${local.address}\n${local.port}\n${remote.address}\n${remote.port}`;
  const text = `${event.transport}\n${ends}\n${short(event.callId)}\n${short(event.title)}`;
  view.setFloat64(start, event.at, true);
  bytes[start + 8] = event.direction === 'in' ? 1 : 0;
  const length = bytes.write(text, start + 11);
  view.setUint16(start + 9, length, true);
  bytes.set(event.bytes, start + 11 + length);
  put(room, sipType, session, 11 + length + event.bytes.length);
}

function stringify(value: unknown, replacer?: (key: string, value: unknown) => unknown): string {
  try {
    return JSON.stringify(value, replacer) ?? 'null';
  } catch {
    return '"(not printable)"';
  }
}

/** The text of a body that is too long: its beginning. Secrets go now, because what is cut cannot be read as JSON later. */
function beginning(body: unknown): unknown {
  const text = stringify(body, hideSecrets);
  return text.length <= maxBody ? body : `${text.slice(0, maxBody)}… (${text.length} characters)`;
}

export function hookText(event: HookTrace): string {
  const { at, callSid, url, method, type, status = null, durationMs, attempt, error = null } = event;
  const head = [at, callSid, url, method, type, status, durationMs, attempt, error];
  const request = event.requestText ?? stringify(event.request ?? null);
  const response = event.responseText ?? stringify(event.response ?? null);
  const text = `${stringify(head).slice(0, -1)},${request},${response}]`;
  if (text.length <= maxHook) return text;
  return stringify([...head, beginning(event.request), beginning(event.response)]);
}

export function callText(event: StoredCall): string {
  const text = stringify([event.at, event.callSid, event.what, event.detail]);
  return text.length <= maxHook
    ? text
    : stringify([event.at, event.callSid, event.what, { cut: beginning(event.detail) }]);
}

export function putHook(room: Room, session: number, text: string): void {
  putText(room, hookType, session, text);
}

export function putCall(room: Room, session: number, text: string): void {
  putText(room, callType, session, text);
}

function sipEvent(body: Buffer): StoredSip {
  const textLength = body.readUInt16LE(9);
  const parts = body.toString('utf8', 11, 11 + textLength).split('\n');
  const [transport = '', address = '', port, farAddress = '', farPort, callId = '', title = ''] = parts;
  const bytes = Buffer.from(body.subarray(11 + textLength));
  maskSip(bytes);
  return {
    kind: 'sip',
    at: body.readDoubleLE(0),
    direction: body[8] === 1 ? 'in' : 'out',
    transport,
    local: { address, port: Number(port) },
    remote: { address: farAddress, port: Number(farPort) },
    callId,
    title,
    bytes,
  };
}

function bodyText(body: unknown): string {
  if (body === null || body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body, hideSecrets);
}

function hookEvent(body: Buffer): StoredHook {
  const row = JSON.parse(body.toString()) as unknown[];
  const [at, callSid, url, method, type, status, durationMs, attempt, error, request, response] = row;
  return {
    kind: 'hook',
    at: at as number,
    callSid: callSid as string,
    url: hideUrlSecrets(url as string),
    method: method as string,
    type: type as string,
    status: (status as number | null) ?? undefined,
    durationMs: durationMs as number,
    attempt: attempt as number,
    error: (error as string | null) ?? undefined,
    request: bodyText(request),
    response: bodyText(response),
  };
}

function callEvent(body: Buffer): StoredCall {
  const [at, callSid, what, detail] = JSON.parse(body.toString()) as [number, string, string, unknown];
  const shown = JSON.parse(JSON.stringify(detail, hideSecrets)) as Record<string, unknown>;
  return { kind: 'call', at, callSid, what, detail: shown };
}

/** One record of a block. */
export type Found = { readonly type: number; readonly session: number; readonly body: Buffer };

/** The records of a block, up to its end or to where a killed process tore it. */
export function* records(block: Buffer): Generator<Found> {
  for (let at = 0; at + recordHead <= block.length;) {
    const length = block.readUInt32LE(at);
    if (length < recordHead || at + length > block.length) return;
    const body = block.subarray(at + recordHead, at + length);
    yield { type: block[at + 4] as number, session: block.readUInt32LE(at + 5), body };
    at += length;
  }
}

export function ownerOf({ type, body }: Found): Owner | undefined {
  if (type !== sessionType) return undefined;
  const [sessionSid, accountSid, callSids, lost] = JSON.parse(body.toString()) as [
    string,
    string | null,
    string[],
    number,
  ];
  return { sessionSid, accountSid: accountSid ?? undefined, callSids, lost };
}

/** The events of one session in a block, in order; secrets hidden. */
export function eventsOf(block: Buffer, sessionSid: string): StoredEvent[] {
  const events: StoredEvent[] = [];
  let wanted = -1;
  for (const found of records(block)) {
    if (found.type === sessionType) {
      if (ownerOf(found)?.sessionSid === sessionSid) wanted = found.session;
    } else if (found.session !== wanted) continue;
    else if (found.type === sipType) events.push(sipEvent(found.body));
    else if (found.type === hookType) events.push(hookEvent(found.body));
    else if (found.type === callType) events.push(callEvent(found.body));
  }
  return events;
}
