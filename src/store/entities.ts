/** What each kind of entity claims (names nobody else may have) and whom it points at. */
import type { Account, Application, Carrier, Client, Entities, Gateway, Kind, PhoneNumber } from '../ports/index.ts';

/** A name that must be unique among its kind within `scope`. */
export type Claim = { readonly scope: string; readonly name: string };

/** `part`: it belongs to what it points at and goes with it. */
export type Reference = { readonly kind: Kind; readonly sid: string; readonly part: boolean };

type Rules<E> = {
  readonly claims: (entity: E) => readonly Claim[];
  readonly references: (entity: E) => readonly (Reference | undefined)[];
};

const rules: { readonly [K in Kind]: Rules<Entities[K]> } = {
  account: {
    claims: (account: Account) => [
      { scope: 'name', name: account.name },
      ...(account.sipRealm === undefined ? [] : [{ scope: 'realm', name: account.sipRealm.toLowerCase() }]),
    ],
    references: (account: Account) => [points('application', account.deviceCallingApplicationSid)],
  },
  application: {
    claims: (application: Application) => [{ scope: application.accountSid, name: application.name }],
    references: (application: Application) => [points('account', application.accountSid)],
  },
  carrier: {
    claims: (carrier: Carrier) => [{ scope: carrier.accountSid, name: carrier.name }],
    references: (carrier: Carrier) => [
      points('account', carrier.accountSid),
      points('application', carrier.applicationSid),
    ],
  },
  gateway: {
    claims: () => [],
    references: (gateway: Gateway) => [partOf('carrier', gateway.carrierSid)],
  },
  client: {
    claims: (client: Client) => [{ scope: client.accountSid, name: client.username }],
    references: (client: Client) => [points('account', client.accountSid)],
  },
  phoneNumber: {
    // The same number may come in by several carriers.
    claims: (number: PhoneNumber) => [
      { scope: number.accountSid, name: `${number.number.replace(/^\+/, '')} ${number.carrierSid ?? ''}` },
    ],
    references: (number: PhoneNumber) => [
      points('account', number.accountSid),
      points('carrier', number.carrierSid),
      points('application', number.applicationSid),
    ],
  },
  apiKey: {
    claims: (key) => [
      { scope: 'token', name: key.tokenHash },
      ...(key.atStart === true ? [{ scope: 'at start', name: '' }] : []),
    ],
    references: (key) => [key.accountSid === undefined ? undefined : partOf('account', key.accountSid)],
  },
  teamsTenant: {
    claims: (tenant) => [{ scope: 'tenant', name: tenant.tenantFqdn.toLowerCase() }],
    references: (tenant) => [points('account', tenant.accountSid), points('application', tenant.applicationSid)],
  },
  speechCredential: {
    // One of a vendor under a label: else nobody could say which is meant.
    claims: (credential) => [{ scope: credential.accountSid, name: `${credential.vendor} ${credential.label ?? ''}` }],
    references: (credential) => [partOf('account', credential.accountSid)],
  },
  user: {
    // One address, one person, on the whole server: the address alone is what they sign in with.
    claims: (user) => [{ scope: 'email', name: user.email.toLowerCase() }],
    references: (user) => [user.accountSid === undefined ? undefined : partOf('account', user.accountSid)],
  },
};

function points(kind: Kind, sid: string | undefined): Reference | undefined {
  return sid === undefined ? undefined : { kind, sid, part: false };
}

function partOf(kind: Kind, sid: string): Reference {
  return { kind, sid, part: true };
}

export function claimsOf<K extends Kind>(kind: K, entity: Entities[K]): readonly Claim[] {
  return rules[kind].claims(entity);
}

export function referencesOf<K extends Kind>(kind: K, entity: Entities[K]): readonly Reference[] {
  return rules[kind].references(entity).filter((each) => each !== undefined);
}

/** The account an entity belongs to; '' for accounts themselves and the administrator's keys. */
export function accountOf<K extends Kind>(kind: K, entity: Entities[K]): string {
  if (kind === 'account') return '';
  return (entity as { accountSid?: string }).accountSid ?? '';
}

export const kinds = Object.keys(rules) as readonly Kind[];
