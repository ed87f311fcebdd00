import { readUint } from '../message/index.ts';

export type FrameLimits = {
  /** Bytes up to the body, the empty line included. */
  readonly head: number;
  readonly body: number;
};

/** What a stream has to say. */
export interface FrameSink {
  /** One whole message. The bytes are the sink's to keep. */
  frame(bytes: Buffer): void;
  /** A double CRLF between messages: answer with one. RFC 5626 §4.4.1. */
  ping(): void;
}

const CR = 0x0d;
const LF = 0x0a;

/** Cuts a byte stream into SIP messages by Content-Length. RFC 3261 §18.3. Keeps at most one unfinished message, grows
 * by doubling and never reads a byte twice, so a peer that sends single bytes costs no more than one that does not. */
export class StreamFramer {
  readonly #limits: FrameLimits;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Start of the first head line that has not been looked at. */
  #line = 0;
  /** Where to go on looking for the end of that line. */
  #scan = 0;
  /** -1 until a Content-Length was seen. */
  #bodyLength = -1;
  /** Where the body starts; 0 until the empty line was seen. */
  #bodyAt = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Bytes of a message that is not complete. */
  get pending(): number {
    return this.#length;
  }

  /** Takes what came. Returns what is wrong with it; the stream cannot go on then. */
  push(chunk: Buffer, sink: FrameSink): string | undefined {
    const own = this.#length > 0;
    let data = own ? this.#append(chunk) : chunk;
    for (;;) {
      if (this.#line === 0 && this.#scan === 0) {
        const skipped = skipEmptyLines(data, sink);
        data = data.subarray(skipped);
      }
      // Half a CRLF may be half a ping.
      if (data.length === 0 || (data.length === 1 && data[0] === CR)) break;
      const fault = this.#scanHead(data);
      if (fault !== undefined) return fault;
      if (this.#bodyAt === 0) break;
      const end = this.#bodyAt + this.#bodyLength;
      if (data.length < end) break;
      this.#startOver();
      // What lies in our own buffer will be overwritten; what came in one chunk is nobody else's.
      sink.frame(own ? Buffer.from(data.subarray(0, end)) : data.subarray(0, end));
      data = data.subarray(end);
    }
    this.#keep(data);
    return undefined;
  }

  #startOver(): void {
    this.#line = 0;
    this.#scan = 0;
    this.#bodyLength = -1;
    this.#bodyAt = 0;
  }

  #append(chunk: Buffer): Buffer {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length, 4096));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
    return this.#buffer.subarray(0, length);
  }

  /** Keeps the start of a message for the next chunk; lets go of a big buffer when there is none. */
  #keep(rest: Buffer): void {
    if (rest.length === 0) {
      this.#length = 0;
      if (this.#buffer.length > 4096) this.#buffer = Buffer.alloc(0);
      return;
    }
    if (rest.buffer === this.#buffer.buffer) {
      this.#buffer.copyWithin(
        0,
        rest.byteOffset - this.#buffer.byteOffset,
        rest.byteOffset - this.#buffer.byteOffset + rest.length,
      );
      this.#length = rest.length;
      return;
    }
    this.#length = 0;
    this.#append(rest);
  }

  /** Looks at the head lines that are complete: the empty one ends it, Content-Length says how long the body is. */
  #scanHead(data: Buffer): string | undefined {
    while (this.#bodyAt === 0) {
      let i = this.#scan;
      while (i < data.length && data[i] !== LF) i++;
      this.#scan = i;
      if (i >= this.#limits.head) return `head longer than ${this.#limits.head} bytes`;
      if (i === data.length) return undefined;
      if (i === 0 || data[i - 1] !== CR) return 'bare LF in the head';
      const fault = i - 1 === this.#line ? this.#endOfHead(i + 1) : this.#readLine(data, this.#line, i - 1);
      if (fault !== undefined) return fault;
      this.#line = i + 1;
      this.#scan = i + 1;
    }
    return undefined;
  }

  #endOfHead(at: number): string | undefined {
    if (this.#bodyLength < 0) return 'no Content-Length';
    this.#bodyAt = at;
    return undefined;
  }

  /** RFC 3261 §20.14, in its short form too. Written over two lines it is refused: nobody does. */
  #readLine(data: Buffer, at: number, end: number): string | undefined {
    const first = data[at]! | 0x20;
    if (first !== 0x63 && first !== 0x6c) return undefined;
    const line = data.toString('latin1', at, Math.min(end, at + 64));
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd().toLowerCase();
    if (name !== 'content-length' && name !== 'l') return undefined;
    if (end - at > 64) return 'malformed Content-Length';
    const value = line.slice(colon + 1).trim();
    const length = readUint(value, 0xffff_ffff);
    if (length < 0) return 'malformed Content-Length';
    if (length > this.#limits.body) return `Content-Length above ${this.#limits.body}`;
    if (this.#bodyLength >= 0 && this.#bodyLength !== length) return 'two Content-Lengths that disagree';
    this.#bodyLength = length;
    return undefined;
  }
}

/** Skips the CRLFs before a message; a double one is a ping, answered once a chunk. */
function skipEmptyLines(data: Buffer, sink: FrameSink): number {
  let at = 0;
  while (data[at] === CR && data[at + 1] === LF) at += 2;
  if (at >= 4) sink.ping();
  return at;
}
