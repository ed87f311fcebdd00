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

const shortestInbound = 8;

function addressFaults(fields: Fields): Detail[] {
  const host = String(fields['ipv4'] ?? '');
  const netmask = orDefault(fields['netmask'], 32);
  const faults: Detail[] = [];
  if (isIP(host) === 0 && !hostName.test(host))
    faults.push({ path: '/ipv4', expected: 'an IP address or a host name', got: 'something else' });
  const longest = isIP(host) === 6 ? 128 : 32;
  if (netmask > longest) faults.push({ path: '/netmask', expected: `at most ${longest} for this address` });
  if (isIP(host) === 0 && netmask !== 32)
    faults.push({ path: '/netmask', expected: '32, because ipv4 is a host name' });
  // A shorter one lets the whole internet in as this carrier, and other accounts' carriers with it.
  if (netmask < shortestInbound && Boolean(orDefault(fields['inbound'], true)))
    faults.push({ path: '/netmask', expected: `at least ${shortestInbound}, or inbound false` });
  return faults;
}

function certificateFaults(fields: Fields): Detail[] {
  const subject = fields['certificate_subject'] ?? null;
  const print = fields['certificate_fingerprint'] ?? null;
  const required = fields['require_certificate'] === true;
  const named = subject !== null || print !== null;
  const faults: Detail[] = [];
  if (!required && named)
    faults.push({ path: '/require_certificate', expected: 'true, beside a subject or a fingerprint' });
  if (subject !== null && print !== null)
    faults.push({ path: '/certificate_subject', expected: 'left out: certificate_fingerprint says it all' });
  if (typeof print === 'string' && !/^[0-9a-f]{64}$/i.test(print.replaceAll(':', '')))
    faults.push({ path: '/certificate_fingerprint', expected: 'the SHA-256 of a certificate, 64 hex digits' });
  // Anybody can have some certificate: one for an address proves nothing.
  if (required && !named && isIP(String(fields['ipv4'] ?? '')) > 0)
    faults.push({
      path: '/certificate_subject',
      expected: 'a name, or certificate_fingerprint, because ipv4 is an address',
    });
  return faults;
}

function certificateFields({ clientCertificate: wanted }: Gateway): Fields {
  return {
    require_certificate: wanted !== undefined,
    certificate_subject: wanted?.subject ?? null,
    certificate_fingerprint: wanted?.fingerprint ?? null,
  };
}

function clientCertificate(fields: Fields): Pick<Gateway, 'clientCertificate'> {
  if (fields['require_certificate'] !== true) return {};
  const { certificate_subject: subject, certificate_fingerprint: print } = fields;
  return {
    clientCertificate: {
      ...(typeof subject === 'string' ? { subject: subject.toLowerCase() } : {}),
      ...(typeof print === 'string' ? { fingerprint: print.replaceAll(':', '').toLowerCase() } : {}),
    },
  };
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
    ice: maybe(flag('With SRTP: calls to it are offered with ICE')),
    require_certificate: maybe(flag('Its calls must come over TLS with a certificate')),
    certificate_subject: maybe(text('Name that certificate must have; empty: ipv4, where that is a name', 253)),
    certificate_fingerprint: maybe(text('SHA-256 of that certificate in hex: this very one, whoever signed it', 95)),
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
  parts: { require_certificate: ['certificate_subject', 'certificate_fingerprint'] },
  toFields: (gateway) => ({
    sip_gateway_sid: gateway.sid,
    account_sid: gateway.accountSid,
    ...show(gateway, names),
    ice: gateway.ice === true,
    ...certificateFields(gateway),
  }),
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
      ...(fields['ice'] === true ? { ice: true } : {}),
      ...clientCertificate(fields),
    };
  },
  check: (fields) => [...addressFaults(fields), ...certificateFaults(fields)],
  accountFrom: (fields, directory) => directory.get('carrier', String(fields['voip_carrier_sid']))?.accountSid,
};
