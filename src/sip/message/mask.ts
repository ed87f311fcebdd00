const names = ['authorization', 'proxy-authorization'];

/** A copy of a message's bytes with `response="…"` of its credentials starred out, as long as before; the bytes
 * themselves when there is nothing to hide. For logs, ladders and pcap files (attack D7). */
export function maskSecrets(bytes: Buffer): Buffer {
  const blank = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, blank < 0 ? bytes.length : blank).toLowerCase();
  let masked: Buffer | undefined;
  for (let line = nextField(head, 0); line >= 0; line = nextField(head, line + 1)) {
    const colon = head.indexOf(':', line);
    if (colon < 0 || !names.includes(head.slice(line, colon).trimEnd())) continue;
    masked ??= Buffer.from(bytes);
    star(masked, head, colon);
  }
  return masked ?? bytes;
}

/** Where the next line that may be one of ours starts. */
function nextField(head: string, from: number): number {
  for (let at = head.indexOf('\n', from); at >= 0; at = head.indexOf('\n', at + 1)) {
    const first = head[at + 1];
    if (first === 'a' || first === 'p') return at + 1;
  }
  return -1;
}

/** Stars out every response of the field that starts at `colon`, folds included. */
function star(masked: Buffer, head: string, colon: number): void {
  let end = head.indexOf('\n', colon);
  while (end >= 0 && (head[end + 1] === ' ' || head[end + 1] === '\t')) end = head.indexOf('\n', end + 1);
  if (end < 0) end = head.length;
  for (let at = head.indexOf('response', colon); at >= 0 && at < end; at = head.indexOf('response', at + 8)) {
    let i = at + 8;
    while (i < end && (head[i] === ' ' || head[i] === '=' || head[i] === '\t' || head[i] === '"')) i++;
    for (; i < end && head[i] !== '"' && head[i] !== ',' && head[i] !== '\r'; i++) masked[i] = 0x2a;
  }
}
