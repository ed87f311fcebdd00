/** The way out to a vendor: HTTP and WebSocket with an end to patience and to size, and with the address rules of hooks
 * for what an account configured itself. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { messageOf } from '../base/index.ts';
import type { Credential } from './credentials.ts';
import { VendorFault } from './vendor.ts';

/** Why an address may not be reached; undefined when it may. */
export type RefuseAddress = (address: string) => string | undefined;

/** Ten minutes of 24 kHz. */
const MOST_BYTES = 32 * 1024 * 1024;
const CONNECT_MS = 5000;

export type Answer = { readonly contentType: string; readonly body: Buffer };
export type Question = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

export class Reach {
  readonly #refuse: RefuseAddress;
  readonly #guarded: Agent;
  readonly #open: Agent;

  constructor(refuse: RefuseAddress) {
    this.#refuse = refuse;
    // However long a vendor offers: what is sent on a connection that it is just closing is lost.
    const common = { connections: 32, keepAliveTimeout: 10_000, keepAliveMaxTimeout: 10_000 };
    this.#guarded = new Agent({ ...common, connect: { timeout: CONNECT_MS, lookup: this.lookup } });
    this.#open = new Agent({ ...common, connect: { timeout: CONNECT_MS } });
  }

  /** Resolves a name and refuses where any of its addresses is refused: the checked address is the one connected to. */
  readonly lookup: LookupFunction = (hostname, options, done) => {
    systemLookup(hostname, { ...options, all: true }, (fault, found: LookupAddress[]) => {
      if (fault !== null) return done(fault, '', 0);
      const refused = found.map(({ address }) => this.#refuse(address)).find((why) => why !== undefined);
      const [first] = found;
      if (refused !== undefined || first === undefined)
        return done(new Error(`the host resolves to ${refused ?? 'nothing'}`), '', 0);
      return options.all === true ? done(null, found) : done(null, first.address, first.family);
    });
  };

  /** The URL, checked. Throws a VendorFault when a credential's owner may not reach it. */
  check(credential: Credential, raw: string, protocols: readonly string[]): URL {
    let url: URL;
    try {
      url = new URL(raw);
    } catch {
      throw new VendorFault('refused', `${credential.vendor}: the credential's URL cannot be read`);
    }
    if (!protocols.includes(url.protocol))
      throw new VendorFault('refused', `${credential.vendor}: the URL must begin with ${protocols.join(' or ')}//`);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const refused = credential.trusted || isIP(host) === 0 ? undefined : this.#refuse(host);
    if (refused !== undefined) throw new VendorFault('refused', `${credential.vendor}: the URL leads to ${refused}`);
    return url;
  }

  /** POSTs. Rejects with a VendorFault that names the vendor and never the key. */
  async post(credential: Credential, { url, headers, body, signal, timeoutMs }: Question): Promise<Answer> {
    const { vendor } = credential;
    const target = this.check(credential, url, ['https:', 'http:']);
    try {
      const response = await request(target, {
        method: 'POST',
        headers,
        body,
        dispatcher: credential.trusted ? this.#open : this.#guarded,
        ...(signal === undefined ? {} : { signal }),
        headersTimeout: timeoutMs ?? 30_000,
        bodyTimeout: timeoutMs ?? 30_000,
      });
      const bytes = await bounded(response);
      if (response.statusCode !== 200)
        throw new VendorFault('refused', said(credential, response.statusCode, bytes), response.statusCode);
      return { contentType: String(response.headers['content-type'] ?? '').toLowerCase(), body: bytes };
    } catch (fault) {
      if (fault instanceof VendorFault) throw fault;
      if (signal?.aborted === true) throw new VendorFault('stopped', 'stopped');
      throw new VendorFault('unreachable', `${vendor} cannot be reached: ${messageOf(fault)}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#open.destroy()]);
  }
}

async function bounded(response: Dispatcher.ResponseData): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response.body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new VendorFault('garbage', `the answer is longer than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** What a vendor said when it said no. Not of a wrong key: vendors like to repeat it. */
function said(credential: Credential, status: number, body: Buffer): string {
  const verdict = `${credential.vendor} answered ${status}`;
  if (status === 401 || status === 403) return `${verdict}: the credential was refused`;
  const words = withoutSecrets(credential, body.toString('utf8', 0, 2000))
    .replace(/\s+/g, ' ')
    .slice(0, 200)
    .trim();
  return words === '' ? verdict : `${verdict}: ${words}`;
}

/** Takes every value of the credential out of a text. */
export function withoutSecrets({ settings }: Credential, text: string): string {
  let clean = text;
  for (const value of Object.values(settings))
    if (typeof value === 'string' && value.length >= 6) clean = clean.replaceAll(value, '***');
  return clean;
}

/** JSON a vendor sent. */
export function json(vendor: string, body: Buffer | string): Record<string, unknown> {
  try {
    const value = JSON.parse(body.toString()) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new VendorFault('garbage', `${vendor} sent what is not JSON`);
}

/** A text setting of a credential, under the first of several names that has one. */
export function setting({ settings }: Credential, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = settings[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** The same, where nothing goes without it. */
export function needed(credential: Credential, ...names: readonly string[]): string {
  const value = setting(credential, ...names);
  if (value === undefined) throw new VendorFault('unusable', `the ${credential.vendor} credential has no ${names[0]}`);
  return value;
}
