import { skipSpace, span, TOKEN } from './characters.ts';
import { formatParams, noParams, walkParams } from './params.ts';
import type { Params, Via } from './types.ts';
import { formatHost, readHostPort } from './uri.ts';

const prefix = 'SIP/2.0/';

/** Reads one Via. RFC 3261 §20.42. */
export function parseVia(value: string): Via | undefined {
  const text = value.startsWith(prefix) ? value : tidyProtocol(value);
  if (text === undefined) return undefined;
  const end = text.length;
  const transportEnd = span(text, prefix.length, end, TOKEN);
  const hostAt = skipSpace(text, transportEnd, end);
  if (transportEnd === prefix.length || hostAt === transportEnd) return undefined;
  const sentBy = readHostPort(text, hostAt, end);
  if (sentBy === undefined) return undefined;
  const paramsAt = skipSpace(text, sentBy.end, end);
  if (text.charCodeAt(paramsAt) === 0x3a) return parseVia(tidyColon(text, paramsAt));
  const params = readParams(text, paramsAt);
  if (params === undefined) return undefined;
  const transport = text.slice(prefix.length, transportEnd).toUpperCase();
  const { host, port } = sentBy;
  return port === undefined ? { transport, host, params } : { transport, host, port, params };
}

function readParams(text: string, at: number): Params | undefined {
  if (at === text.length) return noParams;
  const params = new Map<string, string | true>();
  return walkParams(text, at, text.length, params) ? params : undefined;
}

/** `SIP / 2.0 / UDP` is allowed to have spaces, and another name or version is still readable: that is for the
 * start line to refuse. */
function tidyProtocol(text: string): string | undefined {
  const end = text.length;
  let at = skipSpace(text, 0, end);
  for (let part = 0; part < 2; part++) {
    const tokenEnd = span(text, at, end, TOKEN);
    const slash = skipSpace(text, tokenEnd, end);
    if (tokenEnd === at || text.charCodeAt(slash) !== 0x2f) return undefined;
    at = skipSpace(text, slash + 1, end);
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
