/** The running server, through its REST API. */
import { messageOf, printable } from '../base/index.ts';

export type Target = { readonly url: string; readonly token?: string };
export type Fields = Readonly<Record<string, unknown>>;

/** A refusal or a server that is not there, in words for the terminal. */
export class CliError extends Error {}

async function request(target: Target, path: string): Promise<Response> {
  const headers: Record<string, string> = target.token === undefined ? {} : { authorization: `Bearer ${target.token}` };
  const url = `${target.url.replace(/\/+$/, '')}${path}`;
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
  } catch (fault) {
    const cause = fault instanceof Error && fault.cause !== undefined ? fault.cause : fault;
    throw new CliError(`no server answers at ${target.url} (${messageOf(cause)}). Start one with: graine start`);
  }
}

async function refuse(response: Response): Promise<never> {
  const body = (await response.json().catch(() => ({}))) as { msg?: string };
  if (response.status === 401) {
    throw new CliError('the server wants a key. Give it with --token, or in GRAINE_TOKEN');
  }
  throw new CliError(`the server answered ${response.status}${body.msg === undefined ? '' : `: ${body.msg}`}`);
}

/** Any HTTP server may be at an address somebody mistyped. */
async function jsonOf(target: Target, response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new CliError(
      `what answers at ${target.url} is not the REST of Graine. Give http.listen of the server with --url`,
    );
  }
}

/** The JSON at this path; undefined for 404. */
export async function get(target: Target, path: string): Promise<unknown> {
  const response = await request(target, path);
  if (response.status === 404) return undefined;
  return response.ok ? jsonOf(target, response) : refuse(response);
}

export async function getBytes(target: Target, path: string): Promise<Buffer | undefined> {
  const response = await request(target, path);
  if (response.status === 404) return undefined;
  return response.ok ? Buffer.from(await response.arrayBuffer()) : refuse(response);
}

export type Probed = { readonly status: number; readonly reason: string | undefined };

/** What a path that needs no key answers; undefined when nobody does. */
export async function probe(url: string, path: string): Promise<Probed | undefined> {
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}${path}`, { signal: AbortSignal.timeout(2000) });
    const body = (await response.json().catch(() => ({}))) as { reason?: unknown } | null;
    const reason = body?.reason;
    return { status: response.status, reason: typeof reason === 'string' ? printable(reason, 200) : undefined };
  } catch {
    return undefined;
  }
}

/** Every account this key may see. */
export async function accountsOf(target: Target): Promise<readonly Fields[]> {
  const accounts = await get(target, '/v1/Accounts');
  if (Array.isArray(accounts)) return accounts as readonly Fields[];
  throw new CliError(
    `there are no accounts at ${target.url}. Give http.listen of the server with --url, without a path`,
  );
}

/** Finds something of a call in whichever account it is. */
export async function inAccounts<T>(
  target: Target,
  read: (accountSid: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const account of await accountsOf(target)) {
    const found = await read(String(account['account_sid']));
    if (found !== undefined) return found;
  }
  return undefined;
}
