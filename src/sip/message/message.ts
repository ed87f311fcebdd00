import { TOKEN, readUint, skipSpace, span } from './characters.ts';
import { HeaderFields } from './headers.ts';
import { parseNameAddr } from './name-addr.ts';
import type { CSeq, NameAddr, SipRequest, SipResponse, Via } from './types.ts';
import { parseVia } from './via.ts';

/** RFC 3261 §8.1.1.5: a CSeq is less than 2³¹. */
export const MAX_CSEQ = 0x7fff_ffff;

export function parseCSeq(text: string): CSeq | undefined {
  const end = text.length;
  let digitsEnd = 0;
  while (digitsEnd < end && text.charCodeAt(digitsEnd) >= 0x30 && text.charCodeAt(digitsEnd) <= 0x39) digitsEnd++;
  const number = readUint(text, 0, digitsEnd, MAX_CSEQ);
  const at = skipSpace(text, digitsEnd, end);
  if (number < 0 || at === digitsEnd || at === end || span(text, at, end, TOKEN) !== end) return undefined;
  return { number, method: text.slice(at) };
}

function must<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`the message has no valid ${name}`);
  return value;
}

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

  constructor(headers: HeaderFields, body: Buffer) {
    this.headers = headers;
    this.body = body;
  }

  get via(): Via {
    const text = this.headers.get('Via');
    if (text !== this.#viaText || this.#via === undefined) {
      this.#viaText = text;
      this.#via = parseVia(text ?? '');
    }
    return must(this.#via, 'Via');
  }

  get from(): NameAddr {
    const text = this.headers.get('From');
    if (text !== this.#fromText || this.#from === undefined) {
      this.#fromText = text;
      this.#from = parseNameAddr(text ?? '');
    }
    return must(this.#from, 'From');
  }

  get to(): NameAddr {
    const text = this.headers.get('To');
    if (text !== this.#toText || this.#to === undefined) {
      this.#toText = text;
      this.#to = parseNameAddr(text ?? '');
    }
    return must(this.#to, 'To');
  }

  get cseq(): CSeq {
    const text = this.headers.get('CSeq');
    if (text !== this.#cseqText || this.#cseq === undefined) {
      this.#cseqText = text;
      this.#cseq = parseCSeq(text ?? '');
    }
    return must(this.#cseq, 'CSeq');
  }

  get callId(): string {
    return must(this.headers.get('Call-ID'), 'Call-ID');
  }

  /** Is there enough, and right, to answer it? */
  answerable(): boolean {
    return this.headers.has('Call-ID') && this.invalid() === undefined;
  }

  /** Reads the four that must be right; the name of the first that is not. */
  invalid(): string | undefined {
    this.#viaText = this.headers.get('Via');
    this.#via = parseVia(this.#viaText ?? '');
    if (this.#via === undefined) return 'Via';
    this.#fromText = this.headers.get('From');
    this.#from = parseNameAddr(this.#fromText ?? '');
    if (this.#from === undefined) return 'From';
    this.#toText = this.headers.get('To');
    this.#to = parseNameAddr(this.#toText ?? '');
    if (this.#to === undefined) return 'To';
    this.#cseqText = this.headers.get('CSeq');
    this.#cseq = parseCSeq(this.#cseqText ?? '');
    return this.#cseq === undefined ? 'CSeq' : undefined;
  }
}

export class Request extends Typed implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  uri: string;

  constructor(line: { readonly method: string; readonly uri: string }, headers: HeaderFields, body: Buffer) {
    super(headers, body);
    this.method = line.method;
    this.uri = line.uri;
  }
}

export class Response extends Typed implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(line: { readonly status: number; readonly reason: string }, headers: HeaderFields, body: Buffer) {
    super(headers, body);
    this.status = line.status;
    this.reason = line.reason;
  }
}
