/** A telephone number → carriers and their gateways, in the order to try them. decisions.md Carriers. */
import type { Carrier, Gateway } from '../../ports/index.ts';
import type { Hop } from '../../sip/agent/index.ts';
import { isIP } from 'node:net';
import { printable } from '../../base/index.ts';
import type { Branch, NoPlan, Plan } from '../plan.ts';
import type { Services } from '../services.ts';
import { type Caller, escapeUser, fromOf, headersOf } from './caller.ts';
import { byPriorityAndWeight } from './draw.ts';
import { honest, mayShow } from './own-numbers.ts';

export type PhoneTarget = { readonly number: string; readonly trunk: string | undefined };

export function planPhone(services: Services, accountSid: string, target: PhoneTarget, caller: Caller): Plan | NoPlan {
  const carriers = carriersFor(services, accountSid, target, caller);
  if (!Array.isArray(carriers)) return carriers;
  const allowed = carriers.filter((carrier) => mayShow(services, accountSid, carrier, caller));
  if (allowed.length === 0 && carriers.length > 0) return notOwn(caller);
  const branches = allowed.flatMap((carrier) =>
    branchesOf(services, carrier, target.number, honest(services, accountSid, carrier, caller)),
  );
  const first = allowed[0];
  if (branches.length === 0 || first === undefined) return none(404, 'no carrier has an active outbound gateway');
  return { mode: 'failover', trunk: first.name, branches };
}

function none(sipStatus: number, reason: string): NoPlan {
  return { refused: { status: 'failed', sipStatus, reason, alert: 'no-carrier' } };
}

function notOwn(caller: Caller): NoPlan {
  const shown = printable(caller.fromUser ?? caller.id, 40);
  const reason = `callerId: "${shown}" is not a phone number of this account, and its carriers take no other`;
  return { refused: { status: 'failed', sipStatus: 403, reason, alert: 'dial-refused' } };
}

/** The named trunk and nothing else; or: the carrier of the caller id's own number, then the others by priority. */
function carriersFor(services: Services, accountSid: string, target: PhoneTarget, caller: Caller): Carrier[] | NoPlan {
  const { directory } = services;
  if (target.trunk !== undefined) {
    const carrier = directory.carrierByName(accountSid, target.trunk);
    if (carrier === undefined) return none(404, `no carrier is named '${target.trunk}'`);
    if (!carrier.isActive) return none(404, `the carrier '${target.trunk}' is not active`);
    return [carrier];
  }
  const all = [...directory.outboundCarriers(accountSid)];
  const ownNumber = directory.phoneNumber(accountSid, caller.id);
  const at = all.findIndex((carrier) => carrier.sid === ownNumber?.carrierSid);
  const own = at < 0 ? [] : all.splice(at, 1);
  return [...own, ...byPriorityAndWeight(services.random, all)];
}

function branchesOf(services: Services, carrier: Carrier, number: string, caller: Caller): Branch[] {
  const gateways = services.directory.gateways(carrier.sid).filter((gateway) => gateway.outbound && gateway.isActive);
  // A gateway that does not answer its pings is tried only where no other is left.
  const up = gateways.filter((gateway) => services.gatewayUp(gateway.sid));
  const list = up.length === 0 ? gateways : up;
  return byPriorityAndWeight(services.random, list).map((gateway) =>
    branchOf(services, carrier, gateway, { number, caller }),
  );
}

/** `+`, prefix and digits as this carrier wants them. */
export function formatNumber(carrier: Pick<Carrier, 'techPrefix' | 'e164LeadingPlus'>, number: string): string {
  const digits = number.startsWith('+') ? number.slice(1) : number;
  const plus = carrier.e164LeadingPlus && /^[1-9]/.test(digits) ? '+' : '';
  return `${carrier.techPrefix}${plus}${digits}`;
}

function branchOf(
  services: Services,
  carrier: Carrier,
  gateway: Gateway,
  call: { number: string; caller: Caller },
): Branch {
  const user = escapeUser(formatNumber(carrier, call.number));
  const address = hostPort(gateway);
  const transport = gateway.protocol === 'udp' ? '' : `;transport=${gateway.protocol}`;
  const realm = carrier.register?.realm;
  const uri = realm === undefined ? `sip:${user}@${address}${transport}` : `sip:${user}@${realm}${transport}`;
  const credentials = carrier.register ?? carrier.auth;
  const headers = [...headersOf(call.caller, carrier.trusted)];
  if (carrier.diversion !== undefined) {
    headers.push([
      'Diversion',
      `<sip:${carrier.diversion}@${services.settings.sipAddress}>;reason=unknown;counter=1;privacy=off`,
    ]);
  }
  return {
    uri,
    to: uri,
    from: fromOf(call.caller, carrier.register?.fromDomain ?? services.settings.sipAddress),
    ...(carrier.register === undefined ? {} : { contactUser: carrier.register.username }),
    ...(throughEdge(services, carrier, gateway) ?? wayTo(carrier, gateway, address)),
    headers,
    srtp: gateway.srtp,
    ...(gateway.ice === true && gateway.srtp !== 'none' ? { ice: true, rtcpMux: true } : {}),
    ...(credentials === undefined
      ? {}
      : { credentials: { username: credentials.username, password: credentials.password } }),
    carrier: { sid: carrier.sid, name: carrier.name, limits: { maxCalls: carrier.maxCalls, maxCps: carrier.maxCps } },
    silenceMs: services.settings.gatewayTimeoutMs,
  };
}

function hostPort(gateway: Gateway): string {
  const host = isIP(gateway.host) === 6 ? `[${gateway.host}]` : gateway.host;
  return gateway.port === undefined || (gateway.port === 5060 && gateway.protocol !== 'tls')
    ? host
    : `${host}:${gateway.port}`;
}

/** A carrier that we register at is called by the edge where it knows that. */
function throughEdge({ settings }: Services, carrier: Carrier, gateway: Gateway): Partial<Branch> | undefined {
  const edge = settings.outboundEdge;
  if (edge === undefined || (carrier.register !== undefined && settings.edgeContact === undefined)) return undefined;
  return {
    hops: [{ transport: 'udp', ...edge }],
    route: routeByEdge(edge, carrier, carrier.register === undefined ? undefined : gateway),
    far: { address: isIP(gateway.host) === 0 ? '' : gateway.host, transport: gateway.protocol },
  };
}

/** To the edge, and from there to the carrier's own proxy, or to this gateway where the request is not addressed to it. */
export function routeByEdge(
  { address, port }: { readonly address: string; readonly port: number },
  { outboundSipProxy }: Pick<Carrier, 'outboundSipProxy'>,
  gateway: Pick<Gateway, 'host' | 'port' | 'protocol'> | undefined,
): string {
  const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);
  const edge = `sip:${bracketed(address)}:${port};lr`;
  if (outboundSipProxy !== undefined) return `<${edge}>, <${proxyUri(outboundSipProxy)}>`;
  if (gateway === undefined) return `<${edge}>`;
  return `<${edge};out=${gateway.protocol}~${bracketed(gateway.host)}~${gateway.port?.toString() ?? ''}>`;
}

/** `host[:port]`, or a URI, as a Route has it (RFC 3261 §16.12.1.1). */
export function proxyUri(proxy: string): string {
  const bare = proxy.replace(/^<|>$/g, '');
  const uri = /^sips?:/i.test(bare) ? bare : `sip:${bare}`;
  return /;lr(?:[;=]|$)/i.test(uri) ? uri : `${uri};lr`;
}

/** An address is dialled as it stands; a name, or a carrier's own proxy, goes by Route and DNS (RFC 3263). */
function wayTo(carrier: Carrier, gateway: Gateway, address: string): { hops?: Hop[]; route?: string } {
  if (carrier.outboundSipProxy !== undefined) return { route: proxyUri(carrier.outboundSipProxy) };
  if (isIP(gateway.host) !== 0) {
    const port = gateway.port ?? (gateway.protocol === 'tls' ? 5061 : 5060);
    return { hops: [{ transport: gateway.protocol, address: gateway.host, port }] };
  }
  return carrier.register === undefined ? {} : { route: `sip:${address};transport=${gateway.protocol};lr` };
}
