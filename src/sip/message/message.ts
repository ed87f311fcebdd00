import { readDigits, skipSpace, span, type Text, textOf, TOKEN } from './characters.ts';
import { HeaderFields } from './headers.ts';
import { header } from './names.ts';
import { parseNameAddr } from './name-addr.ts';
import type { CSeq, NameAddr, SipRequest, SipResponse, Via } from './types.ts';
import { parseVia } from './via.ts';

/** RFC 3261 §8.1.1.5: a CSeq is less than 2³¹. */
export const MAX_CSEQ = 0x7fff_ffff;

export function parseCSeq(text: string): CSeq | undefined {
  return readCSeq(textOf(text), 0, text.length);
}

/** Reads the CSeq that fills text[start, end). */
export function readCSeq({ bytes, text }: Text, start: number, end: number): CSeq | undefined {
  let digitsEnd = start;
  while (digitsEnd < end && bytes[digitsEnd]! >= 0x30 && bytes[digitsEnd]! <= 0x39) digitsEnd++;
  const number = readDigits(bytes, start, digitsEnd, MAX_CSEQ);
  const at = skipSpace(bytes, digitsEnd, end);
  if (number < 0 || at === digitsEnd || at === end || span(bytes, at, end, TOKEN) !== end) return undefined;
  return { number, method: text.slice(at, end) };
}

function must<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`the message has no valid ${name}`);
  return value;
}

/** What the parser has already read: the text of a field and its value. */
export type ReadFields = {
  readonly viaText?: string | undefined;
  readonly via?: Via | undefined;
  readonly fromText?: string | undefined;
  readonly from?: NameAddr | undefined;
  readonly toText?: string | undefined;
  readonly to?: NameAddr | undefined;
  readonly cseqText?: string | undefined;
  readonly cseq?: CSeq | undefined;
};

const nothing: ReadFields = {};

export type RequestLine = { readonly method: string; readonly uri: string };
export type StatusLine = { readonly status: number; readonly reason: string };

/** Header fields read into values once, and again only when the text has changed. The parser has checked them all, so
 * the getters of a parsed message never throw; those of one under construction do until it is complete. */
abstract class Typed {
  readonly headers: HeaderFields;
  body: Buffer;
  #viaText: string | undefined;
  #via: Via | undefined;
  #fromText: string | undefined;
  #from: NameAddr | undefined;
  #toText: string | undefined;
  #to: NameAddr | undefined;
  #cseqText: string | undefined;
  #cseq: CSeq | undefined;

  constructor(headers: HeaderFields, body: Buffer, read: ReadFields) {
    this.headers = headers;
    this.body = body;
    this.#viaText = read.viaText;
    this.#via = read.via;
    this.#fromText = read.fromText;
    this.#from = read.from;
    this.#toText = read.toText;
    this.#to = read.to;
    this.#cseqText = read.cseqText;
    this.#cseq = read.cseq;
  }

  get via(): Via {
    const text = this.headers.get(header.via);
    if (text !== this.#viaText || this.#via === undefined) {
      this.#viaText = text;
      this.#via = parseVia(text ?? '');
    }
    return must(this.#via, 'Via');
  }

  get from(): NameAddr {
    const text = this.headers.get(header.from);
    if (text !== this.#fromText || this.#from === undefined) {
      this.#fromText = text;
      this.#from = parseNameAddr(text ?? '');
    }
    return must(this.#from, 'From');
  }

  get to(): NameAddr {
    const text = this.headers.get(header.to);
    if (text !== this.#toText || this.#to === undefined) {
      this.#toText = text;
      this.#to = parseNameAddr(text ?? '');
    }
    return must(this.#to, 'To');
  }

  get cseq(): CSeq {
    const text = this.headers.get(header.cseq);
    if (text !== this.#cseqText || this.#cseq === undefined) {
      this.#cseqText = text;
      this.#cseq = parseCSeq(text ?? '');
    }
    return must(this.#cseq, 'CSeq');
  }

  get callId(): string {
    return must(this.headers.get(header.callId), 'Call-ID');
  }
}

export class Request extends Typed implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  uri: string;

  constructor(line: RequestLine, headers: HeaderFields, body: Buffer, read = nothing) {
    super(headers, body, read);
    this.method = line.method;
    this.uri = line.uri;
  }
}

export class Response extends Typed implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(line: StatusLine, headers: HeaderFields, body: Buffer, read = nothing) {
    super(headers, body, read);
    this.status = line.status;
    this.reason = line.reason;
  }
}
