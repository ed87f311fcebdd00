/** Schema of `accounts:`: what the file declares beside what REST creates. */
import { Type } from 'typebox';
import { bound, count, no, oneOf, rate, secret, text, yes } from './keys.ts';

const optional = Type.Optional;

const hookObject = Type.Object({
  url: text('Absolute http(s) or ws(s) URL'),
  method: oneOf(['POST', 'GET'], { default: 'POST', description: 'GET puts the fields into the query' }),
  username: optional(text('Basic authentication, sent to this URL’s origin only')),
  password: optional(secret('Basic authentication')),
});

export function hook(description: string) {
  return Type.Union([Type.String({ minLength: 1 }), hookObject], { description });
}

const client = Type.Object({
  username: text('The user part it registers with'),
  password: secret('Digest password'),
  is_active: yes('False: may not register or call'),
  allow_direct_app_calling: yes('May call an application by `app-<sid>`'),
  allow_direct_queue_calling: yes('May call a queue by `queue-<name>`'),
  allow_direct_user_calling: yes('May call another user by its address'),
  srtp: optional(
    oneOf(['none', 'offer', 'require'], {
      description: 'Encrypted audio. Left out: as the user calls; offered to devices that registered over TLS',
    }),
  ),
});

const person = {
  name: text('Shown name'),
  email: text('What they sign in with; unique on the server'),
  password: secret('At least 10 characters; the file’s word counts at every start'),
  is_active: yes('False: may not sign in'),
};

/** Of the whole server. */
export const serverUser = Type.Object({
  ...person,
  role: oneOf(['admin', 'read-only'], { default: 'admin', description: 'Everything, or only looking' }),
});

const user = Type.Object({
  ...person,
  role: oneOf(['account', 'read-only'], { default: 'account', description: 'All of the account, or only looking' }),
});

const application = Type.Object({
  name: text('Unique in the account'),
  call_hook: optional(hook('Asked what to do with a call')),
  call_status_hook: optional(hook('Told of every change of a call’s state')),
  fallback_hook: optional(hook('Asked instead when call_hook fails')),
  app_json: optional(Type.Array(Type.Unknown(), { description: 'Verbs to run; then no web server is needed' })),
  record_all_calls: no('Record every call to the media folder'),
  env_vars: optional(
    Type.Record(Type.String(), Type.String(), { description: 'Sent as `env_vars` with the first hook' }),
  ),
});

const gateway = Type.Object({
  host: text('IP address or host name'),
  port: optional(bound(1, 65_535, 'Left out: by DNS SRV, else 5060 (5061 for tls)')),
  protocol: oneOf(['udp', 'tcp', 'tls'], { default: 'udp', description: 'How we send to it' }),
  inbound: yes('Calls from this address are this carrier’s'),
  outbound: yes('Calls may be sent there'),
  netmask: count(32, 0, 128, 'Bits of `host` that an inbound address must share'),
  is_active: yes('False: neither in nor out'),
  send_options_ping: no('Watch it with OPTIONS; pass over it while it does not answer'),
  srtp: oneOf(['none', 'offer', 'require'], { default: 'none', description: 'Encrypted audio towards it' }),
  ice: no(
    'With SRTP: calls to it are offered with ICE (we are a lite agent). Calls from it are answered so in any case',
  ),
  priority: count(1, 0, 65_535, 'Lower first'),
  weight: count(1, 0, 65_535, 'Share among equals'),
  tls: optional(
    Type.Object(
      {
        client_cert: optional(text('PEM file we show it (mutual TLS)', { file: true })),
        client_key: optional(text('PEM file', { file: true })),
        ca: optional(
          text('PEM file: authorities believed of it, beside the well-known and sip.tls.ca', { file: true }),
        ),
        verify: yes('False: any certificate of it will do'),
        require_certificate: no('Its calls must come over TLS with a certificate that sip.tls.client_ca signed'),
        subject: optional(text('Name that certificate must have; default: `host`, where that is a name')),
        fingerprint: optional(text('SHA-256 of that certificate in hex: this very one, whoever signed it')),
      },
      { description: 'Of a gateway of protocol tls' },
    ),
  ),
});

const registration = Type.Object({
  realm: text('Domain or host we register at'),
  username: text('Digest user'),
  password: secret('Digest password'),
  from_user: optional(text('User of From and To; default: username')),
  from_domain: optional(text('Domain of From and To; default: realm')),
  public_ip_in_contact: no('Taken and given back; Contact names sip.advertise either way'),
});

const carrier = Type.Object({
  name: text('Unique in the account; `trunk` of a dial names it'),
  description: optional(text('For people')),
  is_active: yes('False: no calls in or out'),
  application: optional(text('For inbound calls whose number has no application of its own')),
  e164_leading_plus: no('Numbers go out with a leading +'),
  tech_prefix: Type.String({ default: '', description: 'Put before every number that goes out' }),
  diversion: optional(text('Diversion header of calls that go out')),
  dtmf_type: oneOf(['rfc2833', 'tones', 'info'], { default: 'rfc2833', description: 'How digits go to it' }),
  outbound_sip_proxy: optional(
    text('host[:port], or a sip: URI, that every request goes through', {
      maxLength: 255,
      pattern: '^<?[^\\s<>",\\x00-\\x1f\\x7f]+>?$',
    }),
  ),
  max_calls: optional(bound(1, 1_000_000, 'Most calls at once; more wait as `queued`')),
  max_cps: optional(rate(100_000, 'Most new calls a second, 0.5 too; more wait as `queued`')),
  register: optional(registration),
  auth: optional(
    Type.Object(
      { username: text('Digest user'), password: secret('Digest password') },
      {
        description: 'Digest credentials for calls we send, where no registration is wanted',
      },
    ),
  ),
  priority: count(1, 0, 65_535, 'Lower first when several carriers can take the call'),
  weight: count(1, 0, 65_535, 'Share among carriers of the same priority'),
  own_numbers_only: no(
    'True: a caller id that an application or a user sets must be one of the account’s phone numbers',
  ),
  trusted: no('True: P-Asserted-Identity goes out even when Privacy asks for id'),
  gateways: Type.Array(gateway, { default: [], maxItems: 1000, description: 'Its addresses' }),
});

const phoneNumber = Type.Object({
  number: text('E.164, quoted; a trailing * matches every number that begins so'),
  carrier: optional(text('Only when the call comes from this carrier')),
  application: optional(text('Runs when this number is called')),
});

const teams = Type.Object({
  sbc_fqdn: text('Name of this server in Microsoft Teams'),
  tenant_fqdn: text('The tenant'),
  application: optional(text('Runs for calls from Teams')),
  media_bypass: no('Calls to Teams are offered with ICE: audio may come straight from the user’s Teams'),
  gateways: Type.Array(text('host:port'), {
    default: ['sip.pstnhub.microsoft.com:5061', 'sip2.pstnhub.microsoft.com:5061', 'sip3.pstnhub.microsoft.com:5061'],
    description: 'Overridable for tests',
  }),
});

export const account = Type.Object({
  name: text('Unique'),
  sip_realm: optional(text('Realm its users register at; default: sip.domain')),
  webhook_secret: optional(secret('Signs every hook; made by the server when left out')),
  device_calling_application: optional(text('Runs when a registered user places a call')),
  registration_hook: optional(hook('Asked for users that are not listed here')),
  max_calls: optional(bound(1, 1_000_000, 'Most calls at once; more get 503')),
  max_cps: optional(bound(1, 100_000, 'Most new calls a second; more get 503')),
  own_numbers_only: no('The same, at every carrier of the account'),
  is_active: yes('False: all its calls and registrations are refused'),
  clients: Type.Array(client, { default: [], description: 'Registered SIP and WebRTC users' }),
  users: Type.Array(user, { default: [], description: 'People who sign in at the portal' }),
  applications: Type.Array(application, { default: [], description: 'What runs when a call comes' }),
  carriers: Type.Array(carrier, { default: [], description: 'Ways in from and out to the telephone network' }),
  phone_numbers: Type.Array(phoneNumber, { default: [], description: 'Numbers people can call' }),
  teams: optional(teams),
});
