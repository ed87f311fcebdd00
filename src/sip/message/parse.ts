import { isAscii, isUtf8 } from 'node:buffer';
import { hasControl, readUint, textOf } from './characters.ts';
import { FieldReader, type RawMessage } from './fields.ts';
import { defaultLimits, type MessageLimits } from './limits.ts';
import { Request, Response } from './message.ts';
import { header } from './names.ts';
import { readStartLine, type StartLine } from './start-line.ts';
import type { ParseFault, ParseResult } from './types.ts';

export type ParseOptions = {
  readonly limits?: MessageLimits;
  /** The bytes were framed by Content-Length (TCP): it must be there. RFC 3261 §18.3. */
  readonly stream?: boolean;
};

/** Reads one datagram, or one framed message of a stream. Never throws. RFC 3261 §7, §18.3. */
export function parseMessage(bytes: Buffer, options?: ParseOptions): ParseResult {
  const limits = options?.limits ?? defaultLimits;
  if (bytes.length > limits.total) return unreadable(`message longer than ${limits.total} bytes`);
  // RFC 3261 §7.5: empty lines before the start line are ignored.
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  const lineEnd = endOfLine(bytes, start);
  if (lineEnd < 0) return unreadable('no start line');
  const raw = isAscii(bytes)
    ? { bytes, whole: { bytes, text: bytes.toString('latin1') }, encoding: 'utf8' as const }
    : encoded(bytes, start);
  const line = startLineOf(raw, start, lineEnd, limits);
  if (line.kind === 'none') return unreadable(line.fault.what);
  const fields = new FieldReader(raw, limits);
  if (line.fault !== undefined) fields.refuse(line.fault.what, line.fault.status);
  const bodyAt = fields.read(lineEnd + 2);
  return finish(line, fields, bodyOf(bytes, bodyAt, fields, options?.stream === true));
}

function finish(line: Exclude<StartLine, { kind: 'none' }>, fields: FieldReader, body: Buffer): ParseResult {
  fields.checkMandatory(line.kind === 'request' ? line.method : undefined);
  const { fault, status, headers } = fields;
  if (line.kind === 'response') {
    if (fault !== undefined) return unreadable(fault);
    return { ok: true, message: new Response(line, headers, body, fields) };
  }
  if (fault === undefined) return { ok: true, message: new Request(line, headers, body, fields) };
  // RFC 3261 §17.1.1.3: an ACK is never answered.
  if (line.method === 'ACK') return unreadable(fault);
  if (!fields.answerable) return { ok: false, fault, status };
  return { ok: false, fault, status, request: new Request(line, headers, body, fields) };
}

function startLineOf(raw: RawMessage, start: number, end: number, limits: MessageLimits): StartLine {
  if (raw.whole !== undefined) return readStartLine(raw.whole, start, end, limits);
  const line = raw.bytes.toString(raw.encoding, start, end);
  if (hasControl(line)) return { kind: 'none', fault: { what: 'control character in the start line', status: 400 } };
  return readStartLine(textOf(line), 0, line.length, limits);
}

function unreadable(fault: string): ParseFault {
  return { ok: false, fault };
}

/** Where the start line ends; -1 when it has a control character in it, or no end. */
function endOfLine(bytes: Buffer, start: number): number {
  let i = start;
  while (i < bytes.length && bytes[i]! >= 0x20 && bytes[i]! !== 0x7f) i++;
  return bytes[i] === 0x0d && bytes[i + 1] === 0x0a ? i : -1;
}

/** A message with more than ASCII in it. A head that is not UTF-8 is read as Latin-1, which old exchanges still send in
 * display names; we always print UTF-8. */
function encoded(bytes: Buffer, start: number): RawMessage {
  const blank = bytes.indexOf('\r\n\r\n', start);
  const head = blank < 0 ? bytes : bytes.subarray(start, blank);
  return { bytes, whole: undefined, encoding: isUtf8(head) ? 'utf8' : 'latin1' };
}

const emptyBody = Buffer.alloc(0);

/** RFC 3261 §18.3. Bytes after the body are dropped. */
function bodyOf(bytes: Buffer, at: number, fields: FieldReader, stream: boolean): Buffer {
  if (at < 0) return emptyBody;
  const rest = bytes.length - at;
  const text = fields.headers.get(header.contentLength);
  let length = rest;
  if (text !== undefined) {
    length = readUint(text, 0xffff_ffff);
    if (length < 0) fields.refuse('malformed Content-Length');
    else if (length > rest) fields.refuse('Content-Length is more than came');
    else if (stream && length < rest) fields.refuse('Content-Length is not what the stream was framed by');
  } else if (stream) fields.refuse('no Content-Length on a stream');
  return length <= 0 || length > rest ? emptyBody : bytes.subarray(at, at + length);
}
