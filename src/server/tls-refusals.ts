/** TLS that could not be agreed on with a carrier: an alert that names the gateway, what was wrong, and what mends it. */
import type { Clock } from '../base/index.ts';
import type { Alerts, Directory, Gateway } from '../ports/index.ts';
import type { TlsRefusal } from '../sip/transport/index.ts';
import { placeOf } from './tls-peers.ts';

type Parts = { readonly directory: Directory; readonly alerts: Alerts; readonly clock: Clock };
type Told = { readonly accountSid: string; readonly name: string };

/** The same fault of the same gateway is told again only after this: a carrier may try every second. */
const AGAIN_MS = 600_000;
/** What is remembered of that. Beyond it the oldest is forgotten, and told again. */
const mostRemembered = 10_000;

export class TlsRefusals {
  readonly #parts: Parts;
  readonly #told = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A handshake failed, theirs with us or ours with them. What is no carrier's is for the log alone. */
  handshake(refusal: TlsRefusal): void {
    const fix = fixOf(refusal);
    if (fix === undefined) return;
    const { side, code } = refusal;
    const what = side === 'accepted' ? 'its TLS connection to us failed' : 'no TLS connection to it could be made';
    for (const told of this.#whose(refusal)) this.#raise(told, what, { why: `${code}, ${refusal.why}`, fix });
  }

  /** Its call came without the certificate it must show, and got 403. */
  unproven(gateway: Gateway, why: string): void {
    const fix =
      'The carrier must show the certificate that gateways[].tls asks for; sip.tls.client_ca must name its authority';
    this.#raise(named(this.#parts.directory, gateway), 'its call was refused', { why, fix });
  }

  #whose({ side, address, port, host }: TlsRefusal): Told[] {
    const { directory } = this.#parts;
    if (side === 'accepted') {
      const found = directory.inboundGateway(address, port, 'tls');
      return found === undefined ? [] : [named(directory, found.gateway)];
    }
    const place = host ?? address;
    const at = `${place}:${port}`.toLowerCase();
    const gateways = directory.all('gateway').filter((each) => {
      // Without a port DNS names it, and it may be any.
      return each.protocol === 'tls' && each.host.toLowerCase() === place && (each.port ?? port) === port;
    });
    const tenants = directory.all('teamsTenant').filter((each) => each.gateways.some((one) => placeOf(one) === at));
    return [
      ...gateways.map((each) => named(directory, each)),
      ...tenants.map(({ accountSid }) => ({ accountSid, name: `Microsoft Teams gateway ${at}` })),
    ];
  }

  #raise({ accountSid, name }: Told, what: string, { why, fix }: { why: string; fix: string }): void {
    const { alerts, clock } = this.#parts;
    const key = `${accountSid} ${name} ${what} ${why}`;
    const now = clock.monotonic();
    const before = this.#told.get(key);
    if (before !== undefined && now - before < AGAIN_MS) return;
    this.#told.delete(key);
    this.#told.set(key, now);
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size > mostRemembered) this.#told.delete(oldest);
    alerts.raise({ accountSid, type: 'tls-failure', message: `${name}: ${what}: ${why}. ${fix}` });
  }
}

function named(directory: Directory, { accountSid, carrierSid, host, port }: Gateway): Told {
  const carrier = directory.get('carrier', carrierSid)?.name ?? carrierSid;
  return { accountSid, name: `gateway ${host}${port === undefined ? '' : `:${port}`} of carrier ${carrier}` };
}

/** What mends it; undefined: no fault of TLS, but a network that is away. */
export function fixOf({ side, code }: Pick<TlsRefusal, 'side' | 'code'>): string | undefined {
  const fixes = side === 'accepted' ? theirs : ours;
  return fixes.find(([codes]) => codes.test(code))?.[1];
}

type Fixes = readonly (readonly [codes: RegExp, fix: string])[];

const protocols = 'Both ends need TLS 1.2 or later and a cipher in common; is it TLS at all that is spoken there?';

/** We connected. */
const ours: Fixes = [
  [/ALTNAME_INVALID/, 'host of the gateway must be a name that its certificate has; verify: false believes any'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'The carrier must renew its certificate; is the clock here right?'],
  [/CERT_REVOKED/, 'The carrier must renew its certificate'],
  [
    /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|CERT_UNTRUSTED|CERT_SIGNATURE|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/,
    'Put the PEM file of its authority into gateways[].tls.ca, or sip.tls.ca',
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERT|HANDSHAKE_FAILURE|ACCESS_DENIED|NO_CERTIFICATE)/,
    'It does not accept what we show it: gateways[].tls.client_cert and client_key, and what the carrier believes',
  ],
  [/^ERR_SSL_|^EPROTO$/, protocols],
];

/** They did. */
const theirs: Fixes = [
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERT|ACCESS_DENIED)/,
    'It does not believe the certificate of sip.tls: is it of an authority the carrier knows, with its chain, for the name it connects to, and not over?',
  ],
  [/^ERR_SSL_|^EPROTO$/, protocols],
];
