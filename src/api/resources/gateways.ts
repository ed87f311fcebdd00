/** Gateways of carriers: `/v1/SipGateways`. */
import { Type } from 'typebox';
import { isIP } from 'node:net';
import type { Gateway } from '../../ports/index.ts';
import type { Detail } from '../errors.ts';
import { choice, flag, integer, maybe, sid, text, unused } from '../schema.ts';
import { type Fields, orDefault, pick, type Resource, show } from './resource.ts';

const names = {
  carrierSid: 'voip_carrier_sid',
  host: 'ipv4',
  port: 'port',
  netmask: 'netmask',
  protocol: 'protocol',
  inbound: 'inbound',
  outbound: 'outbound',
  isActive: 'is_active',
  sendOptionsPing: 'send_options_ping',
  srtp: 'srtp',
  priority: 'priority',
  weight: 'weight',
};

const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62})){0,126}\.?$/i;

function check(fields: Fields): Detail[] {
  const host = String(fields['ipv4'] ?? '');
  const faults: Detail[] = [];
  if (isIP(host) === 0 && !hostName.test(host))
    faults.push({ path: '/ipv4', expected: 'an IP address or a host name', got: 'something else' });
  const longest = isIP(host) === 6 ? 128 : 32;
  if (orDefault(fields['netmask'], 32) > longest)
    faults.push({ path: '/netmask', expected: `at most ${longest} for this address` });
  if (isIP(host) === 0 && orDefault(fields['netmask'], 32) !== 32) {
    faults.push({ path: '/netmask', expected: '32, because ipv4 is a host name' });
  }
  return faults;
}

export const gateways: Resource<'gateway'> = {
  kind: 'gateway',
  path: 'SipGateways',
  noun: 'gateway',
  sidField: 'sip_gateway_sid',
  fields: {
    voip_carrier_sid: sid('Carrier it belongs to'),
    ipv4: text('IP address (v4 or v6) or host name', 253),
    port: maybe(integer('Empty: by DNS SRV, else 5060 (5061 for tls)', 1, 65_535)),
    netmask: maybe(integer('For recognising inbound calls', 0, 128)),
    inbound: maybe(Type.Union([flag('Calls from here are the carrier’s'), Type.Enum([0, 1])])),
    outbound: maybe(Type.Union([flag('Calls may be sent here'), Type.Enum([0, 1])])),
    is_active: maybe(Type.Union([flag('In use'), Type.Enum([0, 1])])),
    protocol: maybe(choice('Transport', 'udp', 'tcp', 'tls', 'tls/srtp')),
    send_options_ping: maybe(Type.Union([flag('Watch it with OPTIONS'), Type.Enum([0, 1])])),
    srtp: maybe(choice('Encryption of audio', 'none', 'offer', 'require')),
    priority: maybe(integer('Lower first', 0, 65_535)),
    weight: maybe(integer('Share among gateways of one priority', 0, 65_535)),
    account_sid: maybe(sid('Follows from the carrier')),
    use_sips_scheme: unused,
    pad_crypto: unused,
    remove_ice: unused,
    dtls_off: unused,
  },
  required: ['voip_carrier_sid', 'ipv4'],
  secrets: [],
  pointers: [{ field: 'voip_carrier_sid', kind: 'carrier' }],
  filters: ['voip_carrier_sid'],
  toFields: (gateway) => ({ sip_gateway_sid: gateway.sid, account_sid: gateway.accountSid, ...show(gateway, names) }),
  toEntity: (fields, identity) => {
    const bothInOne = fields['protocol'] === 'tls/srtp';
    const srtp = orDefault<Gateway['srtp']>(fields['srtp'], 'none');
    const host = String(fields['ipv4']);
    return {
      ...identity,
      carrierSid: fields['voip_carrier_sid'] as string,
      host,
      ...pick<Gateway>(fields, { port: 'port' }),
      netmask: orDefault(fields['netmask'], isIP(host) === 6 ? 128 : 32),
      protocol: bothInOne ? 'tls' : orDefault<Gateway['protocol']>(fields['protocol'], 'udp'),
      inbound: Boolean(orDefault(fields['inbound'], true)),
      outbound: Boolean(orDefault(fields['outbound'], true)),
      isActive: Boolean(orDefault(fields['is_active'], true)),
      sendOptionsPing: Boolean(orDefault(fields['send_options_ping'], false)),
      srtp: bothInOne && srtp === 'none' ? 'require' : srtp,
      priority: orDefault(fields['priority'], 1),
      weight: orDefault(fields['weight'], 1),
    };
  },
  check,
  accountFrom: (fields, directory) => directory.get('carrier', String(fields['voip_carrier_sid']))?.accountSid,
};
