/** Who is registered where. RFC 3261 §10.3, with Path (RFC 3327) and instances (RFC 5626). Attack C3: a binding belongs
 * to the user that proved itself and leads back to the address it came from, whatever its Contact says. */
import type { Clock, Log } from '../../base/index.ts';
import { type Binding, bindingKey, type BindingName, type LiveStore, replaces } from '../../ports/index.ts';
import { type ExtraHeader, uriText } from '../dialog/index.ts';
import { type NameAddr, parseNameAddr, parseUri, type SipRequest } from '../message/index.ts';
import type { Source } from '../transaction/index.ts';
import { originOf } from '../transport/index.ts';
import { listeningAt } from './nat.ts';
import type { RegistrarOptions } from './options.ts';
import { flowTimer, outboundOf, regIdOf } from './outbound.ts';
import type { CallerIdentity } from './types.ts';

type User = Extract<CallerIdentity, { kind: 'user' }>;
export type RegisterReply = { readonly status: number; readonly headers?: readonly ExtraHeader[] };

/** One Contact of a request, understood. */
type Wanted = BindingName & { readonly seconds: number; readonly q: number };

type About = { source: Source; user: User; aor: string; contacts: readonly string[]; known: readonly Binding[] };

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
    const about = { source, user, aor, contacts, known };
    const wanted = contacts.includes('*') ? await this.#removeAll(request, about) : await this.#apply(request, about);
    return Array.isArray(wanted) ? this.#list(request, { aor, source, wanted }) : wanted;
  }

  /** Every reload of a browser's page leaves a binding whose connection is gone: they must not fill the user's share. */
  async #reachable(aor: string): Promise<readonly Binding[]> {
    const all = await this.#live.bindings(aor);
    const gone = all.filter((each) => this.#unreachable(each));
    for (const each of gone) await this.#live.unbind(aor, bindingKey(each));
    return gone.length === 0 ? all : all.filter((each) => !gone.includes(each));
  }

  #unreachable(binding: Binding): boolean {
    const { connectionId, node } = binding;
    if (connectionId === undefined || node !== this.#node || this.#alive(connectionId)) return false;
    return listeningAt(binding) === undefined;
  }

  /** Step 6: alone, and only to remove everything. */
  async #removeAll(request: SipRequest, { aor, contacts, known }: About): Promise<RegisterReply | Wanted[]> {
    if (isLate(request, known)) return { status: 500 };
    if (contacts.length > 1 || request.headers.get('Expires')?.trim() !== '0') return { status: 400 };
    await this.#live.unbind(aor);
    return [];
  }

  /** What was bound or removed. */
  async #apply(request: SipRequest, about: About): Promise<RegisterReply | Wanted[]> {
    const { source, user, aor, contacts, known } = about;
    if (contacts.length > limits.contacts) return { status: 403 };
    const path = request.headers.all('Path');
    if (!ownPath(path, source)) return { status: 403 };
    const wanted = this.#understandAll(request, about);
    if (!Array.isArray(wanted)) return wanted;
    if (wanted.some((each) => isLate(request, known, each))) return { status: 500 };
    if (countAfter(known, wanted) > this.#maxContacts) return { status: 403 };
    for (const each of wanted) {
      if (each.seconds > 0) await this.#live.bind(this.#binding(each, request, { source, user, aor, path }));
      else for (const key of keysOf(each, known)) await this.#live.unbind(aor, key);
    }
    if (wanted.length > 0) this.#log.debug({ aor, contacts: wanted.length }, 'registered');
    return wanted;
  }

  #understandAll(request: SipRequest, { contacts, source }: About): RegisterReply | Wanted[] {
    const outbound = contacts.length === 0 ? 'none' : outboundOf(request, source);
    const wanted: Wanted[] = [];
    for (const value of contacts) {
      const each = this.#understand(value, request);
      if (each === undefined) return { status: 400 };
      if (each.regId !== undefined && outbound === 'refused') return { status: 439 };
      if (each.seconds > 0 && each.seconds < this.#least) {
        return { status: 423, headers: [['Min-Expires', String(this.#least)]] };
      }
      const { regId: _, ...plain } = each;
      wanted.push(outbound === 'flows' ? each : plain);
    }
    // RFC 5626 §6: one request, one flow.
    const flows = wanted.filter((each) => each.regId !== undefined && each.seconds > 0);
    return flows.length > 1 ? { status: 400 } : wanted;
  }

  #understand(value: string, request: SipRequest): Wanted | undefined {
    const address = parseNameAddr(value);
    if (address === undefined || (address.uri.scheme !== 'sip' && address.uri.scheme !== 'sips')) return undefined;
    const contact = uriText(value);
    const instance = textParam(address, '+sip.instance');
    if (contact.length > limits.uri || (instance?.length ?? 0) > limits.instance) return undefined;
    const asked = seconds(textParam(address, 'expires')) ?? seconds(request.headers.get('Expires')) ?? this.#usual;
    const q = Number(textParam(address, 'q') ?? '1');
    const regId = instance === undefined ? undefined : regIdOf(address);
    return {
      contact,
      seconds: Math.min(asked, this.#most),
      q: q >= 0 && q <= 1 ? q : 1,
      ...(instance === undefined ? {} : { instance }),
      ...(regId === undefined ? {} : { regId }),
    };
  }

  #binding(
    wanted: Wanted,
    request: SipRequest,
    about: { source: Source; user: User; aor: string; path: readonly string[] },
  ): Binding {
    const { source, user, aor, path } = about;
    const now = this.#clock.now();
    const { transport, address, port } = originOf(source);
    // A connection of the edge's leads to the edge, not to the device.
    const connectionId = source.origin === undefined ? source.connectionId : undefined;
    return {
      aor,
      accountSid: user.accountSid,
      clientSid: user.clientSid,
      contact: wanted.contact,
      transport,
      address,
      port,
      ...(connectionId === undefined ? {} : { connectionId }),
      node: this.#node,
      path,
      callId: request.callId,
      cseq: request.cseq.number,
      q: wanted.q,
      ...(wanted.instance === undefined ? {} : { instance: wanted.instance }),
      ...(wanted.regId === undefined ? {} : { regId: wanted.regId }),
      userAgent: (request.headers.get('User-Agent') ?? '').slice(0, 128),
      registeredAt: now,
      expiresAt: now + wanted.seconds * 1000,
    };
  }

  /** Step 8: every binding of the address of record. */
  async #list(
    request: SipRequest,
    { aor, source, wanted }: { aor: string; source: Source; wanted: readonly Wanted[] },
  ): Promise<RegisterReply> {
    const now = this.#clock.now();
    const headers: ExtraHeader[] = [];
    for (const { contact, expiresAt, q, instance, regId } of await this.#live.bindings(aor)) {
      const left = Math.max(0, Math.round((expiresAt - now) / 1000));
      const extra = `${q === 1 ? '' : `;q=${q}`}${instance === undefined ? '' : `;+sip.instance="${instance}"`}`;
      headers.push(['Contact', `<${contact}>;expires=${left}${extra}${regId === undefined ? '' : `;reg-id=${regId}`}`]);
    }
    for (const path of request.headers.all('Path')) headers.push(['Path', path]);
    headers.push(['Supported', 'path, outbound'], ['Date', new Date(now).toUTCString()]);
    if (wanted.some(({ regId }) => regId !== undefined))
      headers.push(['Require', 'outbound'], ['Flow-Timer', String(flowTimer(source))]);
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
  if (path.length > limits.path || path.some((each) => each.length > limits.uri)) return false;
  // An edge of ours has taken away what the device wrote.
  if (source.origin !== undefined) return true;
  return parseNameAddr(path[0] ?? '')?.uri.host === source.address;
}

/** §10.3 step 7: an older request of the same device must not undo a newer one; each flow has an order of its own. */
function isLate(request: SipRequest, known: readonly Binding[], wanted?: BindingName): boolean {
  const of = wanted?.regId === undefined ? undefined : bindingKey(wanted);
  return known.some(
    (each) =>
      each.callId === request.callId &&
      each.cseq >= request.cseq.number &&
      (of === undefined || bindingKey(each) === of),
  );
}

/** What goes with a Contact that is taken back. */
function keysOf(wanted: Wanted, known: readonly Binding[]): ReadonlySet<string> {
  const same = wanted.regId === undefined ? known.filter(({ contact }) => contact === wanted.contact) : [];
  return new Set([wanted, ...same].map(bindingKey));
}

function countAfter(known: readonly Binding[], wanted: readonly Wanted[]): number {
  let left: readonly BindingName[] = known;
  for (const each of wanted) {
    left = left.filter((older) => !replaces(each, older));
    if (each.seconds > 0) left = [...left, each];
  }
  return left.length;
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
