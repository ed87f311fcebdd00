/** A phone's own reader and writer of SIP. Deliberately not the server's: a fault in one must not hide behind the same
 * fault in the other. Lenient on what it reads, exact in what it keeps. RFC 3261 §7. */
import type { Transport } from './transcript.ts';

const compact: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  c: 'content-type',
  l: 'content-length',
  s: 'subject',
  k: 'supported',
};
const lists = new Set(['via', 'route', 'record-route', 'contact']);

function canonical(name: string): string {
  const lower = name.trim().toLowerCase();
  return compact[lower] ?? lower;
}

/** Splits at commas outside quotes and angle brackets. */
export function splitList(value: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let depth = 0;
  let start = 0;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === '<') depth++;
    else if (char === '>') depth--;
    else if (char === ',' && depth === 0) {
      parts.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts;
}

export type Header = readonly [name: string, value: string];

/** One SIP message as it crossed the wire. */
export class Message {
  readonly raw: Buffer;
  readonly startLine: string;
  readonly headers: readonly Header[];
  readonly body: Buffer;

  constructor(raw: Buffer, startLine: string, headers: readonly Header[], body: Buffer) {
    this.raw = raw;
    this.startLine = startLine;
    this.headers = headers;
    this.body = body;
  }

  get isRequest(): boolean {
    return !this.startLine.startsWith('SIP/2.0 ');
  }

  /** Of a response: the method of its CSeq. */
  get method(): string {
    return this.isRequest ? (this.startLine.split(' ')[0] ?? '') : (this.get('cseq')?.split(/\s+/)[1] ?? '');
  }

  /** Request-URI; '' of a response. */
  get uri(): string {
    return this.isRequest ? (this.startLine.split(' ')[1] ?? '') : '';
  }

  /** 0 of a request. */
  get status(): number {
    return this.isRequest ? 0 : Number(this.startLine.split(' ')[1]);
  }

  get reason(): string {
    return this.isRequest ? '' : this.startLine.split(' ').slice(2).join(' ');
  }

  get cseq(): number {
    return Number.parseInt(this.get('cseq') ?? '0', 10);
  }

  get callId(): string {
    return this.get('call-id') ?? '';
  }

  get branch(): string {
    return param(this.get('via') ?? '', 'branch') ?? '';
  }

  /** What a ladder prints: `INVITE` or `180 Ringing`. */
  get title(): string {
    return this.isRequest ? this.method : `${this.status} ${this.reason}`;
  }

  get sdp(): string | undefined {
    return this.body.length > 0 && (this.get('content-type') ?? '').startsWith('application/sdp')
      ? this.body.toString()
      : undefined;
  }

  /** The first value of a header. */
  get(name: string): string | undefined {
    const wanted = canonical(name);
    return this.headers.find(([each]) => canonical(each) === wanted)?.[1];
  }

  /** Every value of a header; list headers are split. */
  all(name: string): string[] {
    const wanted = canonical(name);
    const values = this.headers.filter(([each]) => canonical(each) === wanted).map(([, value]) => value);
    return lists.has(wanted) ? values.flatMap(splitList) : values;
  }
}

/** Reads one whole message; undefined when it is none. */
export function read(raw: Buffer): Message | undefined {
  const end = raw.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = raw
    .toString('utf8', 0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  if (!startLine.includes('SIP/2.0')) return undefined;
  const headers = lines.map((line): Header => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  return new Message(raw, startLine, headers, raw.subarray(end + 4));
}

/** Writes a message; Content-Length is added. */
export function write(startLine: string, headers: readonly Header[], body: string | Buffer = ''): Buffer {
  const payload = typeof body === 'string' ? Buffer.from(body) : body;
  const head = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`), `Content-Length: ${payload.length}`];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), payload]);
}

/** A parameter of a header value, outside its angle brackets. */
export function param(value: string, name: string): string | undefined {
  const outside = value.replace(/^[^<]*<[^>]*>/, '');
  for (const part of outside.split(';').slice(outside === value ? 1 : 0)) {
    const [key = '', ...rest] = part.split('=');
    if (key.trim().toLowerCase() === name) return rest.join('=').trim();
  }
  return undefined;
}

/** The URI inside a name-addr or addr-spec. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0]?.trim() ?? '';
}

/** The user part of the URI of a header value or URI. */
export function userOf(value: string): string {
  return /^sips?:([^@;]*)@/i.exec(uriOf(value))?.[1] ?? '';
}

/** Where a URI points: address, port and transport, for literal addresses. */
export function targetOf(uri: string): { address: string; port: number; transport: Transport } {
  const found = /^sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]+)(?::(\d+))?/i.exec(uri);
  const said = /;transport=(tcp|tls|wss?)/i.exec(uri)?.[1]?.toLowerCase() as Transport | undefined;
  const secured = said === 'ws' || said === 'wss' ? 'wss' : 'tls';
  return {
    address: (found?.[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''),
    port: Number(found?.[2] ?? 5060),
    transport: /^sips:/i.test(uri) ? secured : (said ?? 'udp'),
  };
}

/** The URI parameter of a transport. RFC 7118 §5.3: `ws` for wss too. */
export function transportParam(transport: Transport): string {
  return transport === 'udp' ? '' : `;transport=${transport === 'wss' ? 'ws' : transport}`;
}
