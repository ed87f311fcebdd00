/** The plain case of SDP, read without a grammar: one session, one audio line, nothing but the attributes a voice call
 * needs. That is nine bodies of ten; the library reads the rest. A test proves that both read alike. RFC 8866 §5. */

/** As the library hands it on; what else it may hold is not ours to know. */
export type PlainMedia = {
  type: string;
  port: number;
  protocol: string;
  payloads: string;
  rtp: { payload: number; codec: string; rate?: number; encoding?: number }[];
  fmtp: { payload: number; config: string }[];
  connection?: { version: number; ip: string };
  direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  ptime?: number;
  maxptime?: number;
};
export type Plain = {
  connection?: { version: number; ip: string };
  media: PlainMedia[];
};

/** A plain body up to the port: what a far end says anew in each call. The rest of it is mostly the same every time. */
const head = /^v=0\r?\n(?:[ostb]=[^\n]*\n)*c=IN IP[46] ([\w.:]+)\r?\n(?:[ostb]=[^\n]*\n)*m=audio (\d{1,5}) /;

export type PlainHead = { readonly address: string; readonly port: number; readonly rest: string };

/** undefined: the body is not that plain, or its address says more than where the far end is. */
export function readHead(text: string): PlainHead | undefined {
  const found = head.exec(text);
  if (found === null) return undefined;
  const [all, address = '', digits] = found;
  const port = Number(digits);
  if (address === '0.0.0.0' || port > 65_535) return undefined;
  return { address, port, rest: text.slice(all.length) };
}

const directions: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
const word = /^[\w.:\-/+*]+$/;

/** undefined: not that plain; ask the library. */
export function readPlain(text: string): Plain | undefined {
  const session: Plain = { media: [] };
  let media: PlainMedia | undefined;
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const last = text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    const value = text.slice(at + 2, last);
    if (text.charCodeAt(at + 1) !== 61) return undefined;
    const kind = text[at];
    if (kind === 'm') {
      if (media !== undefined) return undefined;
      media = readMedia(value);
      if (media === undefined) return undefined;
      session.media.push(media);
    } else if (!readOther(kind, value, media === undefined ? session : media)) return undefined;
    at = end + 1;
  }
  return media === undefined ? undefined : session;
}

function readMedia(value: string): PlainMedia | undefined {
  const parts = value.split(' ');
  const [type, port, protocol] = parts;
  if (type !== 'audio' || protocol !== 'RTP/AVP' || port === undefined || !/^\d{1,5}$/.test(port) || parts.length < 4)
    return undefined;
  for (let i = 3; i < parts.length; i++) if (!/^\d{1,3}$/.test(parts[i] ?? '')) return undefined;
  return { type, port: Number(port), protocol, payloads: parts.slice(3).join(' '), rtp: [], fmtp: [] };
}

function readOther(kind: string | undefined, value: string, level: Plain | PlainMedia): boolean {
  switch (kind) {
    case 'v':
      return value === '0';
    case 'o':
    case 's':
    case 't':
    case 'b':
      return true;
    case 'c': {
      const found = /^IN IP([46]) ([\w.:]+)$/.exec(value);
      if (found?.[1] === undefined || found[2] === undefined) return false;
      level.connection = { version: Number(found[1]), ip: found[2] };
      return true;
    }
    case 'a':
      return 'rtp' in level ? readAttribute(value, level) : false;
    default:
      return false;
  }
}

function readAttribute(value: string, media: PlainMedia): boolean {
  if (directions.has(value)) {
    media.direction = value as 'sendrecv';
    return true;
  }
  const colon = value.indexOf(':');
  const name = value.slice(0, colon);
  const rest = value.slice(colon + 1);
  if (name === 'ptime') {
    media.ptime = Number(rest);
    return /^\d{1,4}$/.test(rest);
  }
  if (name === 'maxptime') {
    media.maxptime = Number(rest);
    return /^\d{1,4}$/.test(rest);
  }
  const space = rest.indexOf(' ');
  const payload = rest.slice(0, space);
  const detail = rest.slice(space + 1);
  if (!/^\d{1,3}$/.test(payload)) return false;
  if (name === 'fmtp') {
    media.fmtp.push({ payload: Number(payload), config: detail });
    return detail !== '' && detail === detail.trim();
  }
  return name === 'rtpmap' && readMap(Number(payload), detail, media);
}

function readMap(payload: number, detail: string, media: PlainMedia): boolean {
  const [codec, rate, encoding, more] = detail.split('/');
  if (codec === undefined || !word.test(codec) || rate === undefined || !/^\d{1,9}$/.test(rate) || more !== undefined)
    return false;
  if (encoding !== undefined && !/^\d$/.test(encoding)) return false;
  media.rtp.push({
    payload,
    codec,
    rate: Number(rate),
    ...(encoding === undefined ? {} : { encoding: Number(encoding) }),
  });
  return true;
}
