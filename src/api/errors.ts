/** Refusals of the REST API. Each is a code of the registry, so `docs/errors.md` lists it. */
import { defineError, GraineError } from '../base/index.ts';

/** One fault of a request: where, what would be right, what came. */
export type Detail = {
  readonly path: string;
  readonly expected: string;
  readonly got?: string;
  readonly fix?: string;
};

export const invalidRequest = defineError('invalid-request', {
  message: '{what} is not valid: {first}',
  fix: 'Correct what `details` lists',
  http: 400,
});

export const notAuthorized = defineError('not-authorized', {
  message: 'no valid API key came with the request',
  fix: 'Send `Authorization: Bearer <token>` with a key of this server',
  http: 401,
});

export const adminOnly = defineError('admin-only', {
  message: '{what} is for the administrator',
  fix: 'Use an administrator key',
  http: 403,
});

export const readOnly = defineError('read-only', {
  message: 'whoever signed in may look, but not change anything',
  fix: 'Ask an administrator for another role',
  http: 403,
});

export const noCsrfToken = defineError('csrf-token', {
  message: 'a change with a cookie came without the token of its session',
  fix: 'Send the `csrf` of GET /v1/session as the header x-csrf-token',
  http: 403,
});

export const crossOrigin = defineError('cross-origin', {
  message: 'a page of another origin asked: {origin}',
  fix: 'Use the portal of this server, or name the origin in http.origins',
  http: 403,
});

export const signInFirst = defineError('sign-in-first', {
  message: '{what} is for somebody who is signed in; an API key has no session',
  fix: 'Sign in with POST /v1/session',
  http: 403,
});

export const tooManyStreams = defineError('too-many-streams', {
  message: 'too many live streams are open: {limit}',
  fix: 'Close some, then try again',
  http: 503,
});

export const notFound = defineError('not-found', {
  message: '{what} does not exist',
  fix: 'Check the sid and the account of the key',
  http: 404,
});

export const nodeRefused = defineError('node-refused', {
  message: 'a request in the name of another node is refused: {reason}',
  fix: 'Give all nodes the same live.secret, and clocks that agree within 30 seconds',
  http: 401,
});

export const nodeAway = defineError('node-away', {
  message: '{what}: {reason}',
  fix: 'Ask again in a few seconds; docs/operations.md, Several nodes',
  http: 503,
});

export const nodesNoSecret = defineError('nodes-no-secret', {
  message: '{what} runs at node {node}, which this node may not ask',
  fix: 'Set the same live.secret (32 characters or more) on every node',
  http: 503,
});

export const tooManyFailures = defineError('too-many-failures', {
  message: 'too many requests with a wrong API key came from {address}',
  fix: 'Wait {seconds} seconds, then use a valid key',
  http: 429,
});

export const bodyTooDeep = defineError('body-too-deep', {
  message: 'the JSON body is nested deeper than {limit} levels',
  fix: 'Flatten it',
  http: 400,
});

export const callRefused = defineError('call-refused', {
  message: '{reason}',
  fix: '',
  http: 500,
});

export const lastAdmin = defineError('last-admin', {
  message: 'key {sid} is the last one of the administrator',
  fix: 'Create another administrator key first',
  http: 422,
});

export function missing(what: string): GraineError {
  return new GraineError(notFound, { what });
}

export function invalid(what: string, faults: readonly Detail[]): GraineError {
  const first = faults[0];
  const text = first === undefined ? '' : `${first.path === '' ? 'body' : first.path} must be ${first.expected}`;
  return new GraineError(invalidRequest, { what, first: text, faults });
}
