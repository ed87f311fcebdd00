/** What a timeline keeps of a trace event, and how a run of such events becomes one extent of a segment file.
 *
 *   extent = u32 magic | u32 length of all below | u32 length of index | index JSON | u32 length of events | events JSON | blob
 *
 * The index says whose events these are, so that a restarted server finds them again. SIP messages and hook bodies lie
 * in the blob in the order of the events that own them. */
import type { CallTrace, HookTrace, SipTrace } from '../base/index.ts';
import { hideSecrets, hideUrlSecrets, maskSip } from './secrets.ts';

export type StoredSip = SipTrace;
export type StoredHook = Omit<HookTrace, 'request' | 'response'> & {
  /** JSON text, secrets hidden; cut at `maxBody`. */
  readonly request: string;
  readonly response: string;
};
export type StoredCall = Omit<CallTrace, 'sessionSid'>;
/** As it lies in memory until it is written: hook bodies are still objects, nothing is formatted. */
export type PendingEvent = SipTrace | HookTrace | CallTrace;
export type StoredEvent = StoredSip | StoredHook | StoredCall;

/** Whose events an extent holds. */
export type ExtentOwner = {
  readonly sessionSid: string;
  readonly accountSid: string | undefined;
  readonly callSids: readonly string[];
  /** Events that were left out because the session had too many. */
  readonly lost: number;
};

export const magic = 0x47525431;
/** Longest hook body kept, in characters. */
export const maxBody = 32_768;

function bodyText(body: unknown): string {
  if (body === undefined) return '';
  let text: string;
  try {
    text = JSON.stringify(body, hideSecrets) ?? '';
  } catch {
    return '"(not printable)"';
  }
  return text.length <= maxBody ? text : `${text.slice(0, maxBody)}… (${text.length} characters)`;
}

type Row = unknown[];

function sipRow(event: SipTrace, blob: Buffer[]): Row {
  maskSip(event.bytes);
  blob.push(event.bytes);
  const { local, remote } = event;
  const way = event.direction === 'in' ? 1 : 0;
  const path = [event.transport, local.address, local.port, remote.address, remote.port];
  return ['s', event.at, way, event.callId, event.title, ...path, event.bytes.length];
}

function hookRow(event: HookTrace, blob: Buffer[]): Row {
  const request = Buffer.from(bodyText(event.request));
  const response = Buffer.from(bodyText(event.response));
  blob.push(request, response);
  const head = [event.callSid, hideUrlSecrets(event.url), event.method, event.type, event.status ?? null];
  const tail = [event.durationMs, event.attempt, event.error ?? null, request.length, response.length];
  return ['h', event.at, ...head, ...tail];
}

function row(event: PendingEvent, blob: Buffer[]): Row {
  switch (event.kind) {
    case 'sip':
      return sipRow(event, blob);
    case 'hook':
      return hookRow(event, blob);
    case 'call':
      return ['c', event.at, event.callSid, event.what, event.detail];
  }
}

function rowsText(rows: Row[]): string {
  try {
    return JSON.stringify(rows, hideSecrets);
  } catch {
    // A detail that JSON cannot carry (a cycle, a bigint) must not cost the rest of the timeline.
    return JSON.stringify(rows.map((each) => (each[0] === 'c' ? [...each.slice(0, 4), {}] : each)));
  }
}

export function encodeExtent(owner: ExtentOwner, events: readonly PendingEvent[]): Buffer {
  const blob: Buffer[] = [];
  const rows = events.map((event) => row(event, blob));
  const index = JSON.stringify([owner.sessionSid, owner.accountSid ?? null, owner.callSids, owner.lost]);
  const text = rowsText(rows);
  const indexLength = Buffer.byteLength(index);
  const textLength = Buffer.byteLength(text);
  let length = 16 + indexLength + textLength;
  for (const part of blob) length += part.length;
  const extent = Buffer.allocUnsafe(length);
  extent.writeUInt32BE(magic, 0);
  extent.writeUInt32BE(length - 8, 4);
  extent.writeUInt32BE(indexLength, 8);
  extent.write(index, 12);
  extent.writeUInt32BE(textLength, 12 + indexLength);
  let at = 16 + indexLength;
  at += extent.write(text, at);
  for (const part of blob) at += part.copy(extent, at);
  return extent;
}

/** Reads the owner of the extent at `at`, and the extent's whole length. undefined: nothing whole lies here. */
export function decodeOwner(bytes: Buffer, at: number): { owner: ExtentOwner; length: number } | undefined {
  if (at + 16 > bytes.length || bytes.readUInt32BE(at) !== magic) return undefined;
  const length = 8 + bytes.readUInt32BE(at + 4);
  const indexLength = bytes.readUInt32BE(at + 8);
  if (at + length > bytes.length || indexLength + 16 > length) return undefined;
  try {
    const index = JSON.parse(bytes.toString('utf8', at + 12, at + 12 + indexLength)) as unknown[];
    const [sessionSid, accountSid, callSids, lost] = index as [string, string | null, string[], number];
    return { owner: { sessionSid, accountSid: accountSid ?? undefined, callSids, lost }, length };
  } catch {
    return undefined;
  }
}

function sipEvent(row: Row, blob: Buffer): StoredSip {
  const [, at, way, callId, title, transport, address, port, farAddress, farPort] = row;
  return {
    kind: 'sip',
    at: at as number,
    direction: way === 1 ? 'in' : 'out',
    callId: callId as string,
    title: title as string,
    transport: transport as string,
    local: { address: address as string, port: port as number },
    remote: { address: farAddress as string, port: farPort as number },
    bytes: blob,
  };
}

function hookEvent(row: Row, request: string, response: string): StoredHook {
  const [, at, callSid, url, method, type, status, durationMs, attempt, error] = row;
  return {
    kind: 'hook',
    at: at as number,
    callSid: callSid as string,
    url: url as string,
    method: method as string,
    type: type as string,
    status: (status as number | null) ?? undefined,
    durationMs: durationMs as number,
    attempt: attempt as number,
    error: (error as string | null) ?? undefined,
    request,
    response,
  };
}

/** The events of one extent, in order. */
export function decodeEvents(extent: Buffer): StoredEvent[] {
  const indexLength = extent.readUInt32BE(8);
  const textLength = extent.readUInt32BE(12 + indexLength);
  let at = 16 + indexLength + textLength;
  const take = (length: number) => extent.subarray(at, (at += length));
  const rows = JSON.parse(extent.toString('utf8', 16 + indexLength, at)) as Row[];
  return rows.map((each) => {
    if (each[0] === 's') return sipEvent(each, take(each[10] as number));
    if (each[0] === 'h') {
      const request = take(each[10] as number).toString();
      return hookEvent(each, request, take(each[11] as number).toString());
    }
    const [, time, callSid, what, detail] = each;
    return {
      kind: 'call',
      at: time as number,
      callSid: callSid as string,
      what: what as string,
      detail: detail as Record<string, unknown>,
    };
  });
}
