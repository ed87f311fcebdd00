import { isAscii, isUtf8 } from 'node:buffer';
import { is, readUint, skipSpace, TOKEN, trimEnd } from './characters.ts';
import { checkMessage } from './check.ts';
import { HeaderFields } from './headers.ts';
import { defaultLimits, type MessageLimits } from './limits.ts';
import { Request, Response } from './message.ts';
import { type HeaderKind, hashStep, knownAt } from './names.ts';
import { splitList } from './split.ts';
import { readStartLine, type StartLine } from './start-line.ts';
import type { ParseResult } from './types.ts';

const emptyBody = Buffer.alloc(0);

export type ParseOptions = {
  readonly limits?: MessageLimits;
  /** The bytes were framed by Content-Length (TCP): it must be there. RFC 3261 §18.3. */
  readonly stream?: boolean;
};

/** Reads one datagram, or one framed message of a stream. Never throws. RFC 3261 §7, §18.3. */
export function parseMessage(bytes: Buffer, options?: ParseOptions): ParseResult {
  const limits = options?.limits ?? defaultLimits;
  if (bytes.length > limits.total) return { ok: false, fault: `message longer than ${limits.total} bytes` };
  const message = withoutLeadingLines(bytes);
  const ascii = isAscii(message);
  const reader = new Reader(ascii ? message.toString('latin1') : decodeHead(message), limits);
  const line = reader.read();
  if (line.kind === 'none') return { ok: false, fault: line.fault.what };
  let bodyAt = reader.bodyAt;
  if (!ascii && bodyAt >= 0) bodyAt = message.indexOf('\r\n\r\n') + 4;
  return reader.finish(line, bodyAt < 0 ? emptyBody : message.subarray(bodyAt), options?.stream === true);
}

/** RFC 3261 §7.5: empty lines before the start line are ignored. */
function withoutLeadingLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
  return at === 0 ? bytes : bytes.subarray(at);
}

/** The head as text where it is not plain ASCII; the body is left out. Bytes that are not UTF-8 are read as Latin-1,
 * which old exchanges still send in display names; we always print UTF-8. */
function decodeHead(bytes: Buffer): string {
  const blank = bytes.indexOf('\r\n\r\n');
  const head = blank < 0 ? bytes : bytes.subarray(0, blank + 4);
  return isUtf8(head) ? head.toString('utf8') : head.toString('latin1');
}

/** One pass over the head. The first fault is kept and reading goes on where it can, so that there is a request to
 * answer with it. */
class Reader {
  /** Where the body starts in the text; -1 when the head never ends. */
  bodyAt = -1;
  readonly #text: string;
  readonly #limits: MessageLimits;
  readonly #headers = new HeaderFields();
  #fault: string | undefined;
  #status = 400;
  #at = 0;
  #seen = 0;
  #vias = 0;
  #routes = 0;

  constructor(text: string, limits: MessageLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  read(): StartLine {
    const text = this.#text;
    const lineEnd = text.indexOf('\r');
    if (lineEnd < 0 || text.charCodeAt(lineEnd + 1) !== 0x0a)
      return { kind: 'none', fault: { what: 'no start line', status: 400 } };
    const line = readStartLine(text, 0, lineEnd, this.#limits);
    if (line.kind === 'none') return line;
    if (line.fault !== undefined) this.#refuse(line.fault.what, line.fault.status);
    this.#at = lineEnd + 2;
    while (this.#at < text.length && text.charCodeAt(this.#at) !== 0x0d) if (!this.#field()) return line;
    if (text.charCodeAt(this.#at) === 0x0d && text.charCodeAt(this.#at + 1) === 0x0a) this.bodyAt = this.#at + 2;
    else this.#refuse('no empty line after the headers');
    return line;
  }

  finish(line: Exclude<StartLine, { kind: 'none' }>, rest: Buffer, stream: boolean): ParseResult {
    const headers = this.#headers;
    const body = this.#body(rest, stream);
    if (line.kind === 'response') {
      const response = new Response(line, headers, body);
      const fault = this.#fault ?? checkMessage(response);
      return fault === undefined ? { ok: true, message: response } : { ok: false, fault };
    }
    const request = new Request(line, headers, body);
    const fault = checkMessage(request);
    if (fault === undefined && this.#fault === undefined) return { ok: true, message: request };
    const first = this.#fault ?? fault ?? '';
    // RFC 3261 §17.1.1.3: an ACK is never answered.
    if (line.method === 'ACK') return { ok: false, fault: first };
    if (!request.answerable()) return { ok: false, fault: first, status: this.#status };
    return { ok: false, fault: first, status: this.#status, request };
  }

  #body(rest: Buffer, stream: boolean): Buffer {
    const text = this.#headers.get('Content-Length');
    if (text === undefined) {
      if (stream) this.#refuse('no Content-Length on a stream');
      return rest;
    }
    const length = readUint(text, 0, text.length, 0xffff_ffff);
    if (length < 0) this.#refuse('malformed Content-Length');
    else if (length > rest.length) this.#refuse('Content-Length is more than came');
    else return length === rest.length ? rest : rest.subarray(0, length);
    return emptyBody;
  }

  #refuse(fault: string, status = 400): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    this.#status = status;
  }

  /** Reads one header field, folds included. False when reading cannot go on. */
  #field(): boolean {
    const text = this.#text;
    const start = this.#at;
    const end = text.length;
    let hash = 0;
    let i = start;
    for (; i < end; i++) {
      const code = text.charCodeAt(i);
      if (!is(code, TOKEN)) break;
      hash = hashStep(hash, code);
    }
    const nameEnd = i;
    // RFC 3261 §25.1 HCOLON: spaces before the colon are legal and no part of the name (CVE-2020-28361).
    i = skipSpace(text, i, end);
    if (nameEnd === start || text.charCodeAt(i) !== 0x3a)
      return this.#skipLine(start, 'a line that is no header field');
    const valueAt = skipSpace(text, i + 1, end);
    const valueEnd = this.#endOfField(valueAt);
    if (valueEnd < 0) return this.#skipLine(valueAt, `control character in ${nameFor(text, start, nameEnd)}`);
    this.#at = valueEnd + 2;
    if (valueEnd - start > this.#limits.headerLine) this.#refuse(`header ${nameFor(text, start, nameEnd)} is too long`);
    if (this.#headers.size >= this.#limits.headers) {
      this.#refuse(`more than ${this.#limits.headers} headers`);
      return false;
    }
    const known = knownAt(text, start, nameEnd, hash);
    const value = this.#folded
      ? unfold(text.slice(valueAt, valueEnd))
      : text.slice(valueAt, trimEnd(text, valueAt, valueEnd));
    if (known !== undefined) return this.#store(known, value);
    const name = text.slice(start, nameEnd);
    this.#headers.adopt(name, name.toLowerCase(), value);
    return true;
  }

  #folded = false;
  #comma = false;

  /** The position of the CRLF that ends the field whose value starts at `at`; -1 for a control character or bare CR or
   * LF on the way, or no end. */
  #endOfField(at: number): number {
    const text = this.#text;
    const end = text.length;
    this.#folded = false;
    let comma = false;
    let i = at;
    for (; i < end; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x20 && code < 0x7f) {
        if (code === 0x2c) comma = true;
      } else if (code === 0x0d && text.charCodeAt(i + 1) === 0x0a) {
        const next = text.charCodeAt(i + 2);
        if (next !== 0x20 && next !== 0x09) break;
        this.#folded = true;
        i += 2;
      } else if (code < 0xa0 && code !== 0x09) return -1;
    }
    this.#comma = comma;
    return i < end ? i : -1;
  }

  #store(known: HeaderKind, value: string): boolean {
    const { name, kind, bit } = known;
    if (bit !== 0) {
      if ((this.#seen & bit) !== 0) {
        if (name !== 'Content-Length' || this.#headers.get(name) !== value) this.#refuse(`more than one ${name}`);
        return true;
      }
      this.#seen |= bit;
    }
    if (kind !== 'split') {
      this.#headers.adopt(name, name, value);
      return true;
    }
    if (!this.#comma) return this.#element(name, value);
    const parts = splitList(value);
    if (parts === undefined) {
      this.#refuse(`malformed ${name}`);
      return true;
    }
    for (const part of parts) if (!this.#element(name, part)) return false;
    return true;
  }

  #element(name: string, value: string): boolean {
    if (name === 'Via' ? ++this.#vias > this.#limits.vias : ++this.#routes > this.#limits.routes) {
      this.#refuse(`too many ${name} values`);
      return false;
    }
    this.#headers.adopt(name, name, value);
    return true;
  }

  /** Notes a fault and goes to the next line, that the request may still be answered. */
  #skipLine(from: number, fault: string): boolean {
    this.#refuse(fault);
    const end = this.#text.indexOf('\r\n', from);
    if (end < 0) return false;
    this.#at = end + 2;
    return true;
  }
}

function nameFor(text: string, start: number, end: number): string {
  return text.slice(start, Math.min(end, start + 40));
}

/** A field folded over several lines, on one. RFC 3261 §7.3.1. */
function unfold(value: string): string {
  return value
    .split('\r\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
