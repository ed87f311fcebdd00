/** Who is registered where. RFC 3261 §10.3, with Path (RFC 3327) and instances (RFC 5626). Attack C3: a binding belongs
 * to the user that proved itself and leads back to the address it came from, whatever its Contact says. */
import type { Clock, Log } from '../../base/index.ts';
import type { Binding, LiveStore } from '../../ports/index.ts';
import { type ExtraHeader, supports, uriText } from '../dialog/index.ts';
import { type NameAddr, parseNameAddr, parseUri, type SipRequest } from '../message/index.ts';
import type { Source } from '../transaction/index.ts';
import { listeningAt } from './nat.ts';
import type { RegistrarOptions } from './options.ts';
import type { CallerIdentity } from './types.ts';

type User = Extract<CallerIdentity, { kind: 'user' }>;
export type RegisterReply = { readonly status: number; readonly headers?: readonly ExtraHeader[] };

/** One Contact of a request, understood. */
type Wanted = {
  readonly contact: string;
  readonly seconds: number;
  readonly q: number;
  readonly instance: string | undefined;
};

type Parts = {
  readonly clock: Clock;
  readonly log: Log;
  /** Does this connection stand? */
  readonly alive: (connectionId: string) => boolean;
};

/** Bounds of one request. */
const limits = { contacts: 10, uri: 512, instance: 256, path: 5 } as const;

export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #node: string;
  readonly #alive: Parts['alive'];
  readonly #least: number;
  readonly #most: number;
  readonly #usual: number;
  readonly #maxContacts: number;

  constructor(options: RegistrarOptions, parts: Parts) {
    const { clock, log, alive } = parts;
    this.#options = options;
    this.#alive = alive;
    this.#node = options.node;
    this.#least = options.minExpires ?? 60;
    this.#most = options.maxExpires ?? 3600;
    this.#usual = options.defaultExpires ?? 3600;
    this.#maxContacts = options.maxContacts ?? 10;
    this.#clock = clock;
    this.#log = log;
  }

  get #live(): LiveStore {
    return this.#options.live;
  }

  async register(request: SipRequest, source: Source, user: User): Promise<RegisterReply> {
    if (!ownAddress(request, user)) return { status: 403 };
    const aor = `${user.username}@${user.realm}`.toLowerCase();
    const contacts = request.headers.all('Contact');
    const known = await this.#reachable(aor);
    // §10.3 step 7: an older request of the same device must not undo a newer one.
    const late = known.some(({ callId, cseq }) => callId === request.callId && cseq >= request.cseq.number);
    if (contacts.length > 0 && late) return { status: 500 };
    const refusal = await this.#apply(request, { source, user, aor, contacts, known });
    return refusal ?? this.#list(aor, request);
  }

  /** Every reload of a browser's page leaves a binding whose connection is gone: they must not fill the user's share. */
  async #reachable(aor: string): Promise<readonly Binding[]> {
    const all = await this.#live.bindings(aor);
    const gone = all.filter((each) => this.#unreachable(each));
    for (const { contact } of gone) await this.#live.unbind(aor, contact);
    return gone.length === 0 ? all : all.filter((each) => !gone.includes(each));
  }

  #unreachable(binding: Binding): boolean {
    const { connectionId, node } = binding;
    if (connectionId === undefined || node !== this.#node || this.#alive(connectionId)) return false;
    return listeningAt(binding) === undefined;
  }

  async #apply(
    request: SipRequest,
    about: { source: Source; user: User; aor: string; contacts: readonly string[]; known: readonly Binding[] },
  ): Promise<RegisterReply | undefined> {
    const { source, user, aor, contacts, known } = about;
    if (contacts.includes('*')) {
      // Step 6: alone, and only to remove everything.
      if (contacts.length > 1 || request.headers.get('Expires')?.trim() !== '0') return { status: 400 };
      await this.#live.unbind(aor);
      return undefined;
    }
    if (contacts.length > limits.contacts) return { status: 403 };
    const path = request.headers.all('Path');
    if (!ownPath(path, source)) return { status: 403 };
    const wanted: Wanted[] = [];
    for (const value of contacts) {
      const each = this.#understand(value, request);
      if (each === undefined) return { status: 400 };
      if (each.seconds > 0 && each.seconds < this.#least) {
        return { status: 423, headers: [['Min-Expires', String(this.#least)]] };
      }
      wanted.push(each);
    }
    if (countAfter(known, wanted) > this.#maxContacts) return { status: 403 };
    for (const each of wanted) {
      if (each.seconds === 0) await this.#live.unbind(aor, each.contact);
      else await this.#live.bind(this.#binding(each, request, { source, user, aor, path }));
    }
    if (wanted.length > 0) this.#log.debug({ aor, contacts: wanted.length }, 'registered');
    return undefined;
  }

  #understand(value: string, request: SipRequest): Wanted | undefined {
    const address = parseNameAddr(value);
    if (address === undefined || (address.uri.scheme !== 'sip' && address.uri.scheme !== 'sips')) return undefined;
    const contact = uriText(value);
    const instance = textParam(address, '+sip.instance');
    if (contact.length > limits.uri || (instance?.length ?? 0) > limits.instance) return undefined;
    const asked = seconds(textParam(address, 'expires')) ?? seconds(request.headers.get('Expires')) ?? this.#usual;
    const q = Number(textParam(address, 'q') ?? '1');
    return { contact, seconds: Math.min(asked, this.#most), q: q >= 0 && q <= 1 ? q : 1, instance };
  }

  #binding(
    wanted: Wanted,
    request: SipRequest,
    about: { source: Source; user: User; aor: string; path: readonly string[] },
  ): Binding {
    const { source, user, aor, path } = about;
    const now = this.#clock.now();
    return {
      aor,
      accountSid: user.accountSid,
      clientSid: user.clientSid,
      contact: wanted.contact,
      transport: source.transport,
      address: source.address,
      port: source.port,
      ...(source.connectionId === undefined ? {} : { connectionId: source.connectionId }),
      node: this.#node,
      path,
      callId: request.callId,
      cseq: request.cseq.number,
      q: wanted.q,
      ...(wanted.instance === undefined ? {} : { instance: wanted.instance }),
      userAgent: (request.headers.get('User-Agent') ?? '').slice(0, 128),
      registeredAt: now,
      expiresAt: now + wanted.seconds * 1000,
    };
  }

  /** Step 8: every binding of the address of record. */
  async #list(aor: string, request: SipRequest): Promise<RegisterReply> {
    const now = this.#clock.now();
    const headers: ExtraHeader[] = [];
    for (const { contact, expiresAt, q, instance } of await this.#live.bindings(aor)) {
      const left = Math.max(0, Math.round((expiresAt - now) / 1000));
      const extra = `${q === 1 ? '' : `;q=${q}`}${instance === undefined ? '' : `;+sip.instance="${instance}"`}`;
      headers.push(['Contact', `<${contact}>;expires=${left}${extra}`]);
    }
    for (const path of request.headers.all('Path')) headers.push(['Path', path]);
    headers.push(['Supported', 'path, outbound'], ['Date', new Date(now).toUTCString()]);
    const flow = request.headers.all('Contact').some((value) => value.includes('reg-id='));
    if (flow && supports(request, 'outbound')) headers.push(['Require', 'outbound']);
    return { status: 200, headers };
  }
}

/** The To names the user that proved itself, in its realm or at the host the request was sent to. */
function ownAddress(request: SipRequest, user: User): boolean {
  const { uri } = request.to;
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  if (uri.user === undefined || !same(uri.user, user.username)) return false;
  return same(uri.host, user.realm) || same(uri.host, parseUri(request.uri)?.host ?? '');
}

/** A Path is believed only of the proxy it names: else anybody could have us send calls to any address. */
function ownPath(path: readonly string[], source: Source): boolean {
  if (path.length === 0) return true;
  if (path.length > limits.path) return false;
  return parseNameAddr(path[0] ?? '')?.uri.host === source.address;
}

function countAfter(known: readonly Binding[], wanted: readonly Wanted[]): number {
  const contacts = new Map(known.map((each) => [each.contact, each.instance]));
  for (const { contact, seconds: left, instance } of wanted) {
    // The device's newer contact takes the place of its older one.
    const older = instance === undefined ? undefined : [...contacts].find(([, owner]) => owner === instance);
    if (older !== undefined) contacts.delete(older[0]);
    if (left === 0) contacts.delete(contact);
    else contacts.set(contact, instance);
  }
  return contacts.size;
}

function textParam({ params }: NameAddr, name: string): string | undefined {
  const value = params.get(name);
  return value === true ? undefined : value;
}

function seconds(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  if (digits === '' || digits.length > 10) return undefined;
  for (const digit of digits) if (digit < '0' || digit > '9') return undefined;
  return Math.min(Number(digits), 2 ** 32 - 1);
}
