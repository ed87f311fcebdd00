import { readUint, span, type Text, textOf, TOKEN, trimEnd } from './characters.ts';
import { HeaderFields } from './headers.ts';
import type { MessageLimits } from './limits.ts';
import { readCSeq, type ReadFields } from './message.ts';
import { readNameAddr } from './name-addr.ts';
import { header, type HeaderKind, knownAt, unknownKind } from './names.ts';
import { splitList } from './split.ts';
import type { CSeq, NameAddr, Via } from './types.ts';
import { readVia } from './via.ts';

/** A message as it came. `whole` is there when all of it is ASCII. */
export type RawMessage = {
  readonly bytes: Buffer;
  readonly whole: Text | undefined;
  readonly encoding: 'utf8' | 'latin1';
};

const mandatory = ['Via', 'From', 'To', 'Call-ID', 'CSeq'] as const;

/** Reads the header fields in one pass over the bytes. The first fault is kept and reading goes on where it can, so
 * that there is a request to answer with it. */
export class FieldReader implements ReadFields {
  readonly headers = new HeaderFields();
  fault: string | undefined;
  status = 400;
  viaText: string | undefined;
  via: Via | undefined;
  fromText: string | undefined;
  from: NameAddr | undefined;
  toText: string | undefined;
  to: NameAddr | undefined;
  cseqText: string | undefined;
  cseq: CSeq | undefined;
  readonly #raw: RawMessage;
  readonly #limits: MessageLimits;
  /** The `single` headers that came, as a set of their bits. */
  #seen = 0;
  #vias = 0;
  #routes = 0;
  #folded = false;

  constructor(raw: RawMessage, limits: MessageLimits) {
    this.#raw = raw;
    this.#limits = limits;
  }

  get answerable(): boolean {
    return this.#missing() === undefined;
  }

  refuse(fault: string, status = 400): void {
    if (this.fault !== undefined) return;
    this.fault = fault;
    this.status = status;
  }

  /** Reads from the first header line to the empty line. Where the body starts; -1 when the head never ends. */
  read(from: number): number {
    const { bytes } = this.#raw;
    let at = from;
    while (at < bytes.length && bytes[at] !== 0x0d) {
      at = this.#field(at);
      if (at < 0) return -1;
    }
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at + 2;
    this.refuse('no empty line after the headers');
    return -1;
  }

  /** RFC 3261 §8.1.1: what every message has. */
  checkMandatory(method: string | undefined): void {
    const missing = this.#missing();
    if (missing !== undefined) this.refuse(`${this.headers.has(missing) ? 'malformed' : 'no'} ${missing}`);
    else if (method !== undefined && this.cseq?.method !== method) this.refuse('CSeq has another method');
  }

  #missing(): string | undefined {
    const { via, from, to, cseq } = this;
    if (via !== undefined && from !== undefined && to !== undefined && cseq !== undefined) {
      const callId = this.headers.get(header.callId);
      return callId === undefined || callId === '' || callId.includes(' ') || callId.includes('\t')
        ? 'Call-ID'
        : undefined;
    }
    return mandatory.find((name) => !this.headers.has(name)) ?? mandatory[[via, from, to, '', cseq].indexOf(undefined)];
  }

  /** Reads the field, folds included, that starts at `start`. Where the next line starts; -1 when reading must stop. */
  #field(start: number): number {
    const { bytes } = this.#raw;
    const end = bytes.length;
    let i = span(bytes, start, end, TOKEN);
    const nameEnd = i;
    // RFC 3261 §25.1 HCOLON: spaces before the colon are legal and no part of the name (CVE-2020-28361).
    while (bytes[i] === 0x20 || bytes[i] === 0x09) i++;
    if (nameEnd === start || bytes[i] !== 0x3a) return this.#skipLine(start, 'a line that is no header field');
    do i++;
    while (bytes[i] === 0x20 || bytes[i] === 0x09);
    const valueAt = i;
    const valueEnd = this.#endOfField(valueAt);
    if (valueEnd < 0)
      return this.#skipLine(valueAt, `control character in ${this.#slice(start, Math.min(nameEnd, start + 40))}`);
    if (valueEnd - start > this.#limits.headerLine) {
      this.refuse(`header ${this.#slice(start, Math.min(nameEnd, start + 40))} is too long`);
      return valueEnd + 2;
    }
    if (this.headers.size >= this.#limits.headers) {
      this.refuse(`more than ${this.#limits.headers} headers`);
      return -1;
    }
    const known = knownAt(bytes, start, nameEnd);
    if (known === undefined) this.headers.own(unknownKind(this.#slice(start, nameEnd)), this.#value(valueAt, valueEnd));
    else if (!this.#store(known, valueAt, valueEnd)) return -1;
    return valueEnd + 2;
  }

  /** The position of the CRLF that ends the field whose value starts at `at`; -1 for a control character or bare CR or
   * LF on the way, or no end. */
  #endOfField(at: number): number {
    const { bytes } = this.#raw;
    const end = bytes.length;
    this.#folded = false;
    let i = at;
    for (; i < end; i++) {
      const code = bytes[i]!;
      if (code >= 0x20 && code < 0x7f) continue;
      if (code === 0x0d && bytes[i + 1] === 0x0a) {
        const next = bytes[i + 2];
        if (next !== 0x20 && next !== 0x09) break;
        this.#folded = true;
        i += 2;
      } else if (code < 0x80 ? code !== 0x09 : this.#isC1(i)) return -1;
    }
    return i < end ? i : -1;
  }

  /** U+0080 to U+009F: terminals obey some of them (attack A10). */
  #isC1(at: number): boolean {
    const { bytes, encoding } = this.#raw;
    const code = bytes[at]!;
    return encoding === 'latin1' ? code < 0xa0 : code === 0xc2 && bytes[at + 1]! < 0xa0;
  }

  #slice(at: number, end: number): string {
    const { bytes, whole, encoding } = this.#raw;
    return whole === undefined ? bytes.toString(encoding, at, end) : whole.text.slice(at, end);
  }

  #value(at: number, end: number): string {
    if (this.#folded) return unfold(this.#slice(at, end));
    return this.#slice(at, trimEnd(this.#raw.bytes, at, end));
  }

  /** False when reading must stop. */
  #store(known: HeaderKind, at: number, end: number): boolean {
    const { name, kind, bit } = known;
    const value = this.#value(at, end);
    if (kind === 'split') return this.#split(known, value, at);
    if (bit !== 0) {
      if ((this.#seen & bit) !== 0) {
        if (name !== 'Content-Length' || this.headers.get(known) !== value) this.refuse(`more than one ${name}`);
        return true;
      }
      this.#seen |= bit;
      this.#readSingle(name, value, at);
    }
    this.headers.own(known, value);
    return true;
  }

  #split(known: HeaderKind, value: string, at: number): boolean {
    if (!value.includes(',')) return this.#element(known, value, this.#folded ? -1 : at);
    const parts = splitList(value);
    if (parts === undefined) {
      this.refuse(`malformed ${known.name}`);
      return true;
    }
    for (const part of parts) if (!this.#element(known, part, -1)) return false;
    return true;
  }

  /** Where a value is read: where it lies when it lies in one piece at `at`, else in its own text. */
  #source(value: string, at: number): Text {
    const { whole } = this.#raw;
    return whole === undefined || at < 0 ? textOf(value) : whole;
  }

  /** Messages are routed by these: each must be readable, or we and the next peer would go different ways. */
  #element(known: HeaderKind, value: string, at: number): boolean {
    const { name } = known;
    if (name === 'Via' ? ++this.#vias > this.#limits.vias : ++this.#routes > this.#limits.routes) {
      this.refuse(`too many ${name} values`);
      return false;
    }
    const source = this.#source(value, at);
    const start = source === this.#raw.whole ? at : 0;
    const end = start + value.length;
    if (name === 'Via') {
      const via = readVia(source, start, end);
      if (via === undefined) this.refuse('malformed Via');
      if (this.#vias === 1) {
        this.via = via;
        this.viaText = value;
      }
    } else if (readNameAddr(source, start, end) === undefined && !(name === 'Contact' && value === '*')) {
      this.refuse(`malformed ${name}`);
    }
    this.headers.own(known, value);
    return true;
  }

  #readSingle(name: string, value: string, valueAt: number): void {
    switch (name) {
      case 'From':
        this.fromText = value;
        this.from = this.#address(value, valueAt);
        break;
      case 'To':
        this.toText = value;
        this.to = this.#address(value, valueAt);
        break;
      case 'CSeq': {
        const source = this.#source(value, this.#folded ? -1 : valueAt);
        const at = source === this.#raw.whole ? valueAt : 0;
        this.cseqText = value;
        this.cseq = readCSeq(source, at, at + value.length);
        break;
      }
      case 'Max-Forwards':
        this.#checkNumber(name, value, 255);
        break;
      case 'Expires':
      case 'RSeq':
        this.#checkNumber(name, value, 0xffff_ffff);
        break;
      default:
    }
  }

  #address(value: string, valueAt: number): NameAddr | undefined {
    const source = this.#source(value, this.#folded ? -1 : valueAt);
    const at = source === this.#raw.whole ? valueAt : 0;
    return readNameAddr(source, at, at + value.length);
  }

  /** Numbers that would wrap or mislead further in (attack A9). */
  #checkNumber(name: string, value: string, most: number): void {
    if (readUint(value, most) < 0) this.refuse(`malformed ${name}`);
  }

  /** Notes a fault and goes to the next line, that the request may still be answered. */
  #skipLine(from: number, fault: string): number {
    this.refuse(fault);
    const end = this.#raw.bytes.indexOf('\r\n', from);
    return end < 0 ? -1 : end + 2;
  }
}

/** A field folded over several lines, on one. RFC 3261 §7.3.1. */
function unfold(value: string): string {
  return value
    .split('\r\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
