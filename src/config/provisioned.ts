/** The file's `accounts:` as entities, to be put into the store at start. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Random } from '../base/index.ts';
import type {
  Account,
  Application,
  Carrier,
  Client,
  ClientCertificate,
  Entities,
  Gateway,
  HookTarget,
  Kind,
  PhoneNumber,
  TeamsTenant,
} from '../ports/index.ts';
import type { Config } from './config.ts';
import type { RawAccount } from './schema.ts';

/** What is there already: the directory will do. */
export type Existing = {
  all<K extends Kind>(kind: K, accountSid?: string): readonly Entities[K][];
  get?<K extends Kind>(kind: K, sid: string): Entities[K] | undefined;
};

type Put = { readonly [K in Kind]: { readonly kind: K; readonly entity: Entities[K] } }[Kind];

export type Provisioned = {
  /** For `putAll`, in one transaction: what is new or differs from what is there. */
  readonly puts: readonly Put[];
  /** Users and gateways that an earlier version of the file brought and this one no longer has: they let people in, so
   * they should go. What REST created is never among them. */
  readonly stale: readonly { readonly kind: Kind; readonly sid: string }[];
};

type RawCarrier = RawAccount['carriers'][number];
type RawGateway = RawCarrier['gateways'][number];
type RawHook = string | { url: string; method: 'GET' | 'POST'; username?: string; password?: string };

/** A UUID (version 5 of RFC 9562 §5.5 in form) that is the same for the same name for ever, also with `store: memory:`. */
export function sidOf(kind: Kind, ...names: readonly string[]): string {
  const digest = createHash('sha1')
    .update(JSON.stringify(['graine', kind, ...names]))
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** Upserts by name: what has the same name keeps its sid, whoever created it; what the file does not name is not touched. */
export function provisioned(config: Config, existing: Existing, random: Random): Provisioned {
  const puts: Put[] = [];
  const stale: { kind: Kind; sid: string }[] = [];
  for (const raw of config.accounts) {
    const before = existing.all('account').find((each) => each.name === raw.name);
    const account = new AccountBuilder(raw, before?.sid ?? sidOf('account', raw.name), existing);
    const secret = raw.webhook_secret ?? before?.webhookSecret ?? `whsec_${random.token(32)}`;
    puts.push({ kind: 'account', entity: account.account(secret) }, ...account.parts());
    stale.push(...account.stale());
  }
  return { puts: puts.filter((put) => !isKnown(put, existing)), stale };
}

/** Is it there already, word for word? Then a restart writes nothing, and other nodes hear of nothing. */
function isKnown({ kind, entity }: Put, existing: Existing): boolean {
  return existing.get !== undefined && isDeepStrictEqual(existing.get(kind, entity.sid), entity);
}

class AccountBuilder {
  readonly #raw: RawAccount;
  readonly #sid: string;
  readonly #existing: Existing;
  /** Sids of what this account has already, by kind and name. */
  readonly #known = new Map<string, string>();

  constructor(raw: RawAccount, sid: string, existing: Existing) {
    this.#raw = raw;
    this.#sid = sid;
    this.#existing = existing;
    const learn = (kind: Kind, each: { readonly sid: string }, ...names: readonly string[]): void => {
      this.#known.set(JSON.stringify([kind, ...names]), each.sid);
    };
    for (const each of existing.all('application', sid)) learn('application', each, each.name);
    for (const each of existing.all('carrier', sid)) learn('carrier', each, each.name);
    for (const each of existing.all('gateway', sid)) learn('gateway', each, each.carrierSid, gatewayName(each));
    for (const each of existing.all('client', sid)) learn('client', each, each.username);
    for (const each of existing.all('phoneNumber', sid)) learn('phoneNumber', each, each.number, each.carrierSid ?? '');
    for (const each of existing.all('teamsTenant', sid)) learn('teamsTenant', each, each.tenantFqdn);
  }

  account(webhookSecret: string): Account {
    const raw = this.#raw;
    return {
      sid: this.#sid,
      name: raw.name,
      webhookSecret,
      isActive: raw.is_active,
      ...given('sipRealm', raw.sip_realm),
      ...given('deviceCallingApplicationSid', this.#application(raw.device_calling_application)),
      ...given('registrationHook', hookTarget(raw.registration_hook)),
      ...given('maxCalls', raw.max_calls),
      ...given('maxCps', raw.max_cps),
      ownNumbersOnly: raw.own_numbers_only,
    };
  }

  parts(): Put[] {
    const raw = this.#raw;
    const carriers = raw.carriers.flatMap((each): Put[] => [
      { kind: 'carrier', entity: this.#carrier(each) },
      ...each.gateways.map((gateway): Put => ({ kind: 'gateway', entity: this.#gateway(each.name, gateway) })),
    ]);
    const tenant = this.#tenant();
    return [
      ...raw.applications.map((each): Put => ({ kind: 'application', entity: this.#applicationOf(each) })),
      ...carriers,
      ...raw.clients.map((each): Put => ({ kind: 'client', entity: this.#client(each) })),
      ...raw.phone_numbers.map((each): Put => ({ kind: 'phoneNumber', entity: this.#phoneNumber(each) })),
      ...(tenant === undefined ? [] : [{ kind: 'teamsTenant', entity: tenant } as const]),
    ];
  }

  stale(): { kind: Kind; sid: string }[] {
    const raw = this.#raw;
    const usernames = new Set(raw.clients.map((each) => each.username));
    const clients = this.#existing.all('client', this.#sid).filter((each) => {
      return each.sid === this.#own('client', each.username) && !usernames.has(each.username);
    });
    const declared = new Set(
      raw.carriers.flatMap((each) => each.gateways.map((one) => this.#gateway(each.name, one).sid)),
    );
    const carriers = new Map(this.#existing.all('carrier', this.#sid).map((each) => [each.sid, each.name]));
    const gateways = this.#existing.all('gateway', this.#sid).filter((each) => {
      const own = this.#own('gateway', carriers.get(each.carrierSid) ?? '', gatewayName(each));
      return each.sid === own && !declared.has(each.sid);
    });
    return [
      ...clients.map((each) => ({ kind: 'client', sid: each.sid }) as const),
      ...gateways.map((each) => ({ kind: 'gateway', sid: each.sid }) as const),
    ];
  }

  /** The sid the file gives to what has this name. */
  #own(kind: Kind, ...names: readonly string[]): string {
    return sidOf(kind, this.#raw.name, ...names);
  }

  /** The sid of what has this name already. */
  #before(kind: Kind, ...names: readonly string[]): string | undefined {
    return this.#known.get(JSON.stringify([kind, ...names]));
  }

  #application(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    return this.#before('application', name) ?? this.#own('application', name);
  }

  #carrierSid(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    return this.#before('carrier', name) ?? this.#own('carrier', name);
  }

  #applicationOf(raw: RawAccount['applications'][number]): Application {
    return {
      sid: this.#application(raw.name) ?? '',
      accountSid: this.#sid,
      name: raw.name,
      ...given('callHook', hookTarget(raw.call_hook)),
      ...given('callStatusHook', hookTarget(raw.call_status_hook)),
      ...given('fallbackHook', hookTarget(raw.fallback_hook)),
      ...given('appJson', raw.app_json),
      ...given('envVars', raw.env_vars),
      recordAllCalls: raw.record_all_calls,
    };
  }

  #carrier(raw: RawCarrier): Carrier {
    const { register } = raw;
    return {
      sid: this.#carrierSid(raw.name) ?? '',
      accountSid: this.#sid,
      name: raw.name,
      isActive: raw.is_active,
      e164LeadingPlus: raw.e164_leading_plus,
      techPrefix: raw.tech_prefix,
      dtmfType: raw.dtmf_type,
      priority: raw.priority,
      weight: raw.weight,
      trusted: raw.trusted,
      ownNumbersOnly: raw.own_numbers_only,
      ...given('description', raw.description),
      ...given('applicationSid', this.#application(raw.application)),
      ...given('diversion', raw.diversion),
      ...given('auth', raw.auth),
      ...given('outboundSipProxy', raw.outbound_sip_proxy),
      ...given('maxCalls', raw.max_calls),
      ...given('maxCps', raw.max_cps),
      ...given(
        'register',
        register && {
          realm: register.realm,
          username: register.username,
          password: register.password,
          publicIpInContact: register.public_ip_in_contact,
          ...given('fromUser', register.from_user),
          ...given('fromDomain', register.from_domain),
        },
      ),
    };
  }

  #gateway(carrier: string, raw: RawGateway): Gateway {
    const carrierSid = this.#carrierSid(carrier) ?? '';
    const name = gatewayName(raw);
    return {
      sid: this.#before('gateway', carrierSid, name) ?? this.#own('gateway', carrier, name),
      accountSid: this.#sid,
      carrierSid,
      host: raw.host,
      ...given('port', raw.port),
      netmask: raw.netmask,
      protocol: raw.protocol,
      inbound: raw.inbound,
      outbound: raw.outbound,
      isActive: raw.is_active,
      sendOptionsPing: raw.send_options_ping,
      srtp: raw.srtp,
      ...given('clientCertificate', clientCertificate(raw)),
      ...(raw.ice ? { ice: true } : {}),
      priority: raw.priority,
      weight: raw.weight,
    };
  }

  #client(raw: RawAccount['clients'][number]): Client {
    return {
      sid: this.#before('client', raw.username) ?? this.#own('client', raw.username),
      accountSid: this.#sid,
      username: raw.username,
      password: raw.password,
      isActive: raw.is_active,
      allowDirectAppCalling: raw.allow_direct_app_calling,
      allowDirectQueueCalling: raw.allow_direct_queue_calling,
      allowDirectUserCalling: raw.allow_direct_user_calling,
      ...given('srtp', raw.srtp),
    };
  }

  #phoneNumber(raw: RawAccount['phone_numbers'][number]): PhoneNumber {
    const number = raw.number.replace(/^\+/, '');
    const carrierSid = this.#carrierSid(raw.carrier);
    return {
      sid: this.#before('phoneNumber', number, carrierSid ?? '') ?? this.#own('phoneNumber', number, raw.carrier ?? ''),
      accountSid: this.#sid,
      number,
      ...given('carrierSid', carrierSid),
      ...given('applicationSid', this.#application(raw.application)),
    };
  }

  #tenant(): TeamsTenant | undefined {
    const { teams } = this.#raw;
    if (teams === undefined) return undefined;
    return {
      sid: this.#before('teamsTenant', teams.tenant_fqdn) ?? this.#own('teamsTenant', teams.tenant_fqdn),
      accountSid: this.#sid,
      sbcFqdn: teams.sbc_fqdn,
      tenantFqdn: teams.tenant_fqdn,
      gateways: teams.gateways,
      ...(teams.media_bypass ? { mediaBypass: true } : {}),
      ...given('applicationSid', this.#application(teams.application)),
    };
  }
}

function gatewayName({
  protocol,
  host,
  port,
  netmask,
}: Pick<Gateway, 'protocol' | 'host' | 'port' | 'netmask'>): string {
  return `${protocol} ${host}:${port ?? ''}/${netmask}`;
}

function clientCertificate({ tls }: RawGateway): ClientCertificate | undefined {
  if (tls?.require_certificate !== true) return undefined;
  const { subject, fingerprint } = tls;
  return {
    ...given('subject', subject?.toLowerCase()),
    ...given('fingerprint', fingerprint?.replaceAll(':', '').toLowerCase()),
  };
}

function hookTarget(raw: RawHook | undefined): HookTarget | undefined {
  return typeof raw === 'string' ? { url: raw } : raw;
}

/** A key only where there is a value: optional properties are left out, never undefined. */
function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
