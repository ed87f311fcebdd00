import { skipSpace, span, type Text, textOf, TOKEN } from './characters.ts';
import { formatParams, readParams } from './params.ts';
import type { Via } from './types.ts';
import { formatHost, readHostPort } from './uri.ts';

const prefix = 'SIP/2.0/';

/** Reads one Via. RFC 3261 §20.42. */
export function parseVia(value: string): Via | undefined {
  return readVia(textOf(value), 0, value.length);
}

/** Reads the Via that fills text[start, end). */
export function readVia(source: Text, start: number, end: number): Via | undefined {
  const { bytes, text } = source;
  if (!text.startsWith(prefix, start)) {
    const tidy = tidyProtocol(textOf(text.slice(start, end)));
    return tidy === undefined ? undefined : parseVia(tidy);
  }
  const transportAt = start + prefix.length;
  const transportEnd = span(bytes, transportAt, end, TOKEN);
  const hostAt = skipSpace(bytes, transportEnd, end);
  if (transportEnd === transportAt || hostAt === transportEnd) return undefined;
  const sentBy = readHostPort(source, hostAt, end);
  if (sentBy === undefined) return undefined;
  const paramsAt = skipSpace(bytes, sentBy.end, end);
  if (paramsAt < end && bytes[paramsAt] === 0x3a) {
    return sentBy.port === undefined ? parseVia(tidyColon(text.slice(start, end), paramsAt - start)) : undefined;
  }
  const params = readParams(source, paramsAt, end);
  if (params === undefined) return undefined;
  const transport = transportName(text, transportAt, transportEnd);
  const { host, port } = sentBy;
  return port === undefined ? { transport, host, params } : { transport, host, port, params };
}

function transportName(text: string, at: number, end: number): string {
  if (end - at === 3) {
    if (text.startsWith('UDP', at)) return 'UDP';
    if (text.startsWith('TCP', at)) return 'TCP';
  }
  return text.slice(at, end).toUpperCase();
}

/** `SIP / 2.0 / UDP` is allowed to have spaces, and another name or version is still readable: that is for the
 * start line to refuse. */
function tidyProtocol({ bytes, text }: Text): string | undefined {
  const end = text.length;
  let at = skipSpace(bytes, 0, end);
  for (let part = 0; part < 2; part++) {
    const tokenEnd = span(bytes, at, end, TOKEN);
    const slash = skipSpace(bytes, tokenEnd, end);
    if (tokenEnd === at || bytes[slash] !== 0x2f) return undefined;
    at = skipSpace(bytes, slash + 1, end);
  }
  return prefix + text.slice(at);
}

/** `host : 5060` without the spaces. */
function tidyColon(text: string, colon: number): string {
  const head = text.slice(0, colon).trimEnd();
  return `${head}:${text.slice(colon + 1).trimStart()}`;
}

export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `${prefix}${via.transport} ${formatHost(via.host)}${port}${formatParams(via.params)}`;
}
