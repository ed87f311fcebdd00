/** Just enough SIP for the benchmark's own two phones. */
const long = { v: 'via', f: 'from', t: 'to', i: 'call-id', m: 'contact', l: 'content-length' };

export function parse(bytes) {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const [first, ...lines] = text.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = new Map();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const given = line.slice(0, colon).trim().toLowerCase();
    const name = long[given] ?? given;
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const get = (name) => headers.get(name)?.[0] ?? '';
  const isResponse = first.startsWith('SIP/2.0 ');
  return {
    first,
    status: isResponse ? Number(first.split(' ')[1]) : undefined,
    method: isResponse ? get('cseq').split(' ')[1] : first.split(' ')[0],
    all: (name) => headers.get(name) ?? [],
    get,
    body: end < 0 ? '' : text.slice(end + 4),
  };
}

/** The URI between < and >, or the whole up to the parameters. */
export const uriIn = (value) => /<([^>]+)>/.exec(value)?.[1] ?? value.split(';')[0];
export const audioPort = (sdp) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);

export function write(first, headers, body = '') {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  if (body !== '') lines.push('Content-Type: application/sdp');
  return [first, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

export function answer(request, status, { tag, contact, body } = {}) {
  const to = request.get('to');
  return write(
    `SIP/2.0 ${status}`,
    [
      ...request.all('via').map((value) => ['Via', value]),
      ...request.all('record-route').map((value) => ['Record-Route', value]),
      ['From', request.get('from')],
      ['To', tag === undefined || /;tag=/.test(to) ? to : `${to};tag=${tag}`],
      ['Call-ID', request.get('call-id')],
      ['CSeq', request.get('cseq')],
      ...(contact === undefined ? [] : [['Contact', `<${contact}>`]]),
    ],
    body,
  );
}

export function offer(port, version = 1) {
  return ['v=0', `o=bench ${version} ${version} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
    `m=audio ${port} RTP/AVP 0`, 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=sendrecv', ''].join('\r\n'); // prettier-ignore
}
