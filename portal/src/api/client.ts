/** REST as the portal uses it: same origin, the session's cookie, one shape of error. */

/** One fault of a request: which field, what would be right, what came. */
export type Detail = {
  readonly path: string;
  readonly expected: string;
  readonly got?: string;
  readonly fix?: string;
};

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly Detail[];

  constructor(status: number, message: string, more: { code?: string; details?: readonly Detail[] } = {}) {
    super(message);
    this.status = status;
    this.code = more.code ?? '';
    this.details = more.details ?? [];
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What a change must carry beside the cookie; given by `/v1/session`. */
let csrf = '';
let lost: () => void = () => {};

export function rememberCsrf(token: string): void {
  csrf = token;
}

/** Called when the server no longer knows the session. */
export function onSessionLost(tell: () => void): void {
  lost = tell;
}

async function failure(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as { msg?: string; code?: string; details?: Detail[] };
  const message = body.msg ?? `the server answered ${response.status}`;
  return new ApiError(response.status, message, { code: body.code ?? '', details: body.details ?? [] });
}

async function send(method: Method, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET' && csrf !== '') headers['x-csrf-token'] = csrf;
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, 'The server does not answer. Is it running, and is this machine online?');
  }
}

async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  if (!response.ok) {
    if (response.status === 401 && !path.startsWith('/v1/session')) lost();
    throw await failure(response);
  }
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export const api = {
  get: <T>(path: string) => request<T>('GET', path),
  post: <T>(path: string, body?: unknown) => request<T>('POST', path, body),
  put: <T>(path: string, body?: unknown) => request<T>('PUT', path, body),
  remove: <T>(path: string) => request<T>('DELETE', path),
};

/** `?a=1&b=2` of what is set. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
