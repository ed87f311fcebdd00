/** Carriers: `/v1/VoipCarriers`. */
import { Type } from 'typebox';
import type { Carrier, CarrierRegistration } from '../../ports/index.ts';
import type { Detail } from '../errors.ts';
import { choice, flag, ignored, integer, maybe, oneLine, sid, text, unused } from '../schema.ts';
import { type Fields, orDefault, pick, type Resource, show } from './resource.ts';

const names = {
  name: 'name',
  description: 'description',
  isActive: 'is_active',
  applicationSid: 'application_sid',
  e164LeadingPlus: 'e164_leading_plus',
  techPrefix: 'tech_prefix',
  diversion: 'diversion',
  dtmfType: 'dtmf_type',
  outboundSipProxy: 'outbound_sip_proxy',
  maxCalls: 'max_calls',
  maxCps: 'max_cps',
  priority: 'priority',
  weight: 'weight',
  trusted: 'trusted',
  ownNumbersOnly: 'own_numbers_only',
};

function registration(fields: Fields): CarrierRegistration {
  return {
    realm: fields['register_sip_realm'] as string,
    username: fields['register_username'] as string,
    password: orDefault(fields['register_password'], ''),
    ...pick<CarrierRegistration>(fields, { fromUser: 'register_from_user', fromDomain: 'register_from_domain' }),
    publicIpInContact: orDefault(fields['register_public_ip_in_contact'], false),
  };
}

/** Digest for calls we send, without registration: jambonz' trunk_type `auth` uses the register_ fields for it. */
function credentials(fields: Fields): Partial<Carrier> {
  if (fields['requires_register'] === true) return { register: registration(fields) };
  const username = fields['register_username'];
  if (typeof username !== 'string' || username === '') return {};
  return { auth: { username, password: orDefault(fields['register_password'], '') } };
}

function check(fields: Fields): Detail[] {
  const faults: Detail[] = [];
  if (fields['requires_register'] === true) {
    for (const name of ['register_sip_realm', 'register_username', 'register_password']) {
      if (!fields[name])
        faults.push({ path: `/${name}`, expected: 'set, because requires_register is true', got: 'nothing' });
    }
  }
  return faults;
}

function trunkType(carrier: Carrier): string {
  if (carrier.register !== undefined) return 'reg';
  return carrier.auth === undefined ? 'static_ip' : 'auth';
}

export const carriers: Resource<'carrier'> = {
  kind: 'carrier',
  path: 'VoipCarriers',
  noun: 'carrier',
  sidField: 'voip_carrier_sid',
  fields: {
    name: text('Unique in its account; what `trunk` of a dial target names'),
    account_sid: maybe(sid('Account it belongs to')),
    description: maybe(Type.String({ maxLength: 1024, pattern: oneLine })),
    is_active: maybe(flag('Inactive carriers take and get no calls')),
    application_sid: maybe(sid('For inbound calls whose number has no application of its own')),
    e164_leading_plus: maybe(flag('Send numbers with a leading +')),
    requires_register: maybe(flag('Register with the carrier')),
    register_username: maybe(text('User for registration and digest')),
    register_sip_realm: maybe(text('Realm to register at')),
    register_password: maybe(Type.String({ maxLength: 255, description: 'Write-only' })),
    register_from_user: maybe(text('User part of From in REGISTER')),
    register_from_domain: maybe(text('Host part of From')),
    register_public_ip_in_contact: maybe(flag('Taken and given back; Contact names sip.advertise either way')),
    tech_prefix: maybe(Type.String({ maxLength: 32, pattern: oneLine, description: 'Put before every number' })),
    diversion: maybe(text('Number for the Diversion header', 32)),
    dtmf_type: maybe(choice('How digits are sent', 'rfc2833', 'tones', 'info')),
    outbound_sip_proxy: maybe(
      Type.String({
        minLength: 1,
        maxLength: 255,
        pattern: '^<?[^\\s<>",\\x00-\\x1f\\x7f]+>?$',
        description: 'host[:port], or a sip: URI, that every request goes through',
      }),
    ),
    trunk_type: maybe(choice('Follows from the other fields', 'static_ip', 'auth', 'reg')),
    max_calls: maybe(integer('Most calls at once; more wait as queued', 1, 1_000_000)),
    max_cps: maybe(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 10_000,
        description: 'Most new calls a second; more wait as queued',
      }),
    ),
    priority: maybe(integer('Lower first when several carriers can take a call', 0, 65_535)),
    weight: maybe(integer('Share among carriers of one priority', 0, 65_535)),
    own_numbers_only: maybe(flag('A caller id that an application or a user sets must be a number of the account')),
    trusted: maybe(flag('Identities go out even when their owner asked for privacy')),
    service_provider_sid: ignored,
    register_status: ignored,
    inbound_auth_username: unused,
    inbound_auth_password: unused,
    smpp_system_id: unused,
    smpp_password: unused,
    smpp_inbound_system_id: unused,
    smpp_inbound_password: unused,
    smpp_enquire_link_interval: unused,
  },
  required: ['name'],
  secrets: ['register_password'],
  pointers: [{ field: 'application_sid', kind: 'application' }],
  filters: ['name'],
  toFields: (carrier) => {
    const { register, auth } = carrier;
    return {
      voip_carrier_sid: carrier.sid,
      account_sid: carrier.accountSid,
      ...show(carrier, names),
      requires_register: register !== undefined,
      register_username: register?.username ?? auth?.username ?? null,
      register_sip_realm: register?.realm ?? null,
      register_password: register?.password ?? auth?.password ?? null,
      register_from_user: register?.fromUser ?? null,
      register_from_domain: register?.fromDomain ?? null,
      register_public_ip_in_contact: register?.publicIpInContact ?? false,
      trunk_type: trunkType(carrier),
    };
  },
  toEntity: (fields, identity) => ({
    ...identity,
    name: fields['name'] as string,
    ...pick<Carrier>(fields, {
      description: 'description',
      applicationSid: 'application_sid',
      diversion: 'diversion',
      outboundSipProxy: 'outbound_sip_proxy',
      maxCalls: 'max_calls',
      maxCps: 'max_cps',
      ownNumbersOnly: 'own_numbers_only',
    }),
    ...credentials(fields),
    isActive: orDefault(fields['is_active'], true),
    e164LeadingPlus: orDefault(fields['e164_leading_plus'], false),
    techPrefix: orDefault(fields['tech_prefix'], ''),
    dtmfType: orDefault<Carrier['dtmfType']>(fields['dtmf_type'], 'rfc2833'),
    priority: orDefault(fields['priority'], 1),
    weight: orDefault(fields['weight'], 1),
    trusted: orDefault(fields['trusted'], false),
  }),
  check,
};
