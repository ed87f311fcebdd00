/** A hook as it is written: the body of a POST, or the query of a GET, and the headers that go with either. */
import type { AppContext } from '../ports/index.ts';
import type { Destination } from './destination.ts';
import type { Limits } from './exchange.ts';
import type { Signer } from './signature.ts';

export type Letter = {
  readonly path: string;
  readonly body: string | undefined;
  /** Of a GET: what stands in for the body under the signature. */
  readonly query: string;
  readonly size: number;
  /** The same over all attempts: how an application knows a repetition. */
  readonly eventId: string;
};

/** What all letters of a link share, worked out once. */
export type Sender = {
  readonly context: AppContext;
  readonly limits: Limits;
  readonly signer: Signer;
  /** 32 hexadecimal digits; undefined where the call's trace id is nothing of the kind. */
  readonly trace: string | undefined;
};

const longestPath = 16 * 1024;

export function write(
  place: Destination,
  payload: Readonly<Record<string, unknown>>,
  eventId: string,
): Letter | { readonly message: string } {
  if (place.method === 'POST') {
    const body = JSON.stringify(payload);
    return { path: place.path, body, query: '', size: body.length, eventId };
  }
  const query = queryOf(payload);
  const at = place.path.indexOf('?');
  const path = query === '' ? place.path : `${place.path}${at < 0 ? '?' : '&'}${query}`;
  if (path.length > longestPath)
    return { message: `the fields make a query of ${path.length} characters, more than ${longestPath}: use POST` };
  return { path, body: undefined, query: path.slice(path.indexOf('?') + 1), size: query.length, eventId };
}

/** Strings as they are, anything else as JSON; what is undefined is left out. */
function queryOf(payload: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(payload)) {
    const value = payload[name];
    if (value !== undefined) query.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return query.toString();
}

/** Names and values in turn, as undici takes them. */
export function eventHeaders(about: {
  sender: Sender;
  place: Destination;
  letter: Letter;
  userAgent: string;
  at: number;
}): string[] {
  const { sender, place, letter, userAgent, at } = about;
  const signature = sender.signer.sign(Math.floor(at / 1000), letter.body ?? letter.query);
  const headers = ['accept', 'application/json', 'accept-encoding', 'identity', 'user-agent', userAgent];
  if (letter.body !== undefined) headers.push('content-type', 'application/json');
  headers.push('graine-signature', signature, 'jambonz-signature', signature, 'graine-event-id', letter.eventId);
  if (sender.trace !== undefined) {
    // The event id is random: half of it serves as this request's span.
    const span = letter.eventId.replaceAll('-', '').slice(0, 16);
    headers.push('b3', `${sender.trace}-${span}-1`, 'traceparent', `00-${sender.trace}-${span}-01`);
  }
  if (place.authorization !== undefined) headers.push('authorization', place.authorization);
  return headers;
}

/** 32 hexadecimal digits, from a UUID or as they are. */
export function traceIdOf(traceId: string): string | undefined {
  const bare = traceId.replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(bare) ? bare : undefined;
}
