/** What carriers need between calls: our registration at those that want one, OPTIONS to gateways that are watched.
 * Follows the directory: what is provisioned now is kept now. */
import { isIP } from 'node:net';
import type { Clock, Log, Timer } from '../base/index.ts';
import { proxyUri, routeByEdge } from '../call/index.ts';
import type { Alerts, Carrier, Directory, Gateway, LiveStore } from '../ports/index.ts';
import type {
  GatewayPing,
  Hop,
  OutboundRegistration,
  RegistrationOptions,
  RegistrationStatus,
  UserAgent,
} from '../sip/agent/index.ts';
import type { EdgeChoice } from './edges.ts';

type Parts = {
  agent: UserAgent;
  directory: Directory;
  alerts: Alerts;
  clock: Clock;
  log: Log;
  pingSeconds: number;
  live: Pick<LiveStore, 'claim' | 'stats'>;
  node: string;
  edges: Pick<EdgeChoice, 'first'>;
  /** Carriers know the edge by this; undefined: they know this node. */
  edgeContact: string | undefined;
};
/** ms. How often the nodes look who registers. */
const claimMs = 1000;

type Kept<T> = { readonly key: string; readonly thing: T };

export class CarrierUpkeep {
  readonly #parts: Parts;
  readonly #registrations = new Map<string, Kept<OutboundRegistration>>();
  readonly #pings = new Map<string, Kept<GatewayPing>>();
  readonly #off: () => void;
  readonly #turn: Timer | undefined;
  /** Carriers that this node keeps us registered at, where one node does it for all. */
  #held: ReadonlySet<string> = new Set();
  #soon: Timer | undefined;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#off = parts.directory.events.on('changed', (kind) => {
      if (kind !== 'carrier' && kind !== 'gateway') return;
      // One YAML file changes dozens of entities at once.
      this.#soon ??= parts.clock.after(50, 'carrier upkeep', () => {
        this.#soon = undefined;
        this.#follow();
      });
    });
    this.#follow();
    if (parts.edgeContact === undefined) return;
    void this.#claim();
    this.#turn = parts.clock.every(claimMs, 'carrier registrations', () => void this.#claim());
  }

  /** A gateway nobody watches counts as up. */
  gatewayUp(sid: string): boolean {
    return this.#pings.get(sid)?.thing.up ?? true;
  }

  registrations(): ReadonlyMap<string, RegistrationStatus> {
    return new Map(Array.from(this.#registrations, ([sid, { thing }]) => [sid, thing.status]));
  }

  /** Stops watching and takes our registrations back. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#off();
    this.#soon?.cancel();
    this.#turn?.cancel();
    for (const { thing } of this.#pings.values()) thing.close();
    this.#pings.clear();
    // Of the same contact: another node keeps it from now on.
    const others = this.#parts.edgeContact !== undefined && this.#parts.live.stats().nodes > 1;
    const registrations = Array.from(this.#registrations.values(), ({ thing }) => thing);
    this.#registrations.clear();
    if (others) for (const each of registrations) each.abandon();
    else await Promise.all(registrations.map((each) => each.close()));
  }

  /** One node registers for all: the first to say so, and when it is gone another. */
  async #claim(): Promise<void> {
    const { directory, live, node } = this.#parts;
    const held = new Set<string>();
    for (const { sid, register } of directory.all('carrier')) {
      if (register === undefined) continue;
      const alone = !live.stats().shared;
      const holder = alone ? node : await live.claim(`carrier registration ${sid}`);
      // While that cannot be known it stays as it is.
      if (holder === undefined ? this.#held.has(sid) : holder === node) held.add(sid);
    }
    if (this.#closed) return;
    const before = this.#held;
    this.#held = held;
    if (held.size !== before.size || [...held].some((sid) => !before.has(sid))) this.#follow();
  }

  #follow(): void {
    const { directory } = this.#parts;
    const carriers = new Map(
      directory
        .all('carrier')
        .filter((each) => each.isActive && each.register !== undefined)
        .filter((each) => this.#parts.edgeContact === undefined || this.#held.has(each.sid))
        .map((each) => [each.sid, each]),
    );
    const watched = new Map(
      directory
        .all('gateway')
        .filter((each) => each.isActive && each.sendOptionsPing)
        .map((each) => [each.sid, each]),
    );
    for (const [sid, { key, thing }] of this.#registrations) {
      const carrier = carriers.get(sid);
      if (carrier !== undefined && this.#registrationKey(carrier) === key) continue;
      if (this.#parts.edgeContact !== undefined && !this.#held.has(sid)) thing.abandon();
      else void thing.close();
      this.#registrations.delete(sid);
    }
    for (const [sid, { key, thing }] of this.#pings) {
      const gateway = watched.get(sid);
      if (gateway !== undefined && JSON.stringify(gateway) === key) continue;
      thing.close();
      this.#pings.delete(sid);
    }
    for (const carrier of carriers.values()) if (!this.#registrations.has(carrier.sid)) this.#register(carrier);
    for (const gateway of watched.values()) if (!this.#pings.has(gateway.sid)) this.#ping(gateway);
  }

  #registrationKey(carrier: Carrier): string {
    return JSON.stringify([carrier.register, carrier.outboundSipProxy, this.#parts.directory.gateways(carrier.sid)]);
  }

  #register(carrier: Carrier): void {
    const { agent, alerts, directory, log } = this.#parts;
    const { register } = carrier;
    if (register === undefined) return;
    const domain = register.fromDomain ?? register.realm;
    const gateway = directory.gateways(carrier.sid).find((each) => each.outbound && each.isActive);
    const thing = agent.register({
      uri: `sip:${register.realm}`,
      from: `sip:${register.fromUser ?? register.username}@${domain}`,
      contactUser: register.username,
      credentials: { username: register.username, password: register.password },
      ...(this.#byEdge(carrier, gateway) ?? {
        ...(gateway === undefined ? {} : wayTo(gateway)),
        ...proxyOf(carrier, gateway),
      }),
    });
    this.#registrations.set(carrier.sid, { key: this.#registrationKey(carrier), thing });
    let failed = false;
    thing.events.on('status', (status) => {
      log.info({ carrier: carrier.name, ...status }, 'carrier registration');
      if (status.state === 'failed' && !failed) {
        const message = `registration of the carrier '${carrier.name}' failed: ${status.status} ${status.reason}`;
        alerts.raise({
          accountSid: carrier.accountSid,
          type: 'carrier-registration-failure',
          message,
          status: status.status,
        });
      }
      failed = status.state === 'failed';
    });
  }

  #byEdge(carrier: Carrier, gateway: Gateway | undefined): Partial<RegistrationOptions> | undefined {
    const { edges, edgeContact } = this.#parts;
    const place = edges.first;
    if (edgeContact === undefined || place === undefined) return undefined;
    return {
      contactHost: edgeContact,
      hops: [{ transport: 'udp', ...place }],
      headers: [['Route', routeByEdge(place, carrier, gateway)]],
    };
  }

  #ping(gateway: Gateway): void {
    const { agent, log, pingSeconds } = this.#parts;
    const host = isIP(gateway.host) === 6 ? `[${gateway.host}]` : gateway.host;
    const port = gateway.port === undefined ? '' : `:${gateway.port}`;
    const thing = agent.ping({
      uri: `sip:${host}${port};transport=${gateway.protocol}`,
      ...wayTo(gateway),
      intervalMs: pingSeconds * 1000,
    });
    this.#pings.set(gateway.sid, { key: JSON.stringify(gateway), thing });
    thing.events.on('up', (status) => log.info({ gateway: host, port: gateway.port, status }, 'gateway answers'));
    thing.events.on('down', (status) =>
      log.warn({ gateway: host, port: gateway.port, status }, 'gateway does not answer'),
    );
  }
}

/** A gateway that is a name and wants TCP or TLS gets them, whatever DNS says of the realm. */
function proxyOf(carrier: Carrier, gateway: Gateway | undefined): { proxy?: string } {
  if (carrier.outboundSipProxy !== undefined) return { proxy: proxyUri(carrier.outboundSipProxy) };
  if (gateway === undefined || gateway.protocol === 'udp' || isIP(gateway.host) !== 0) return {};
  const port = gateway.port === undefined ? '' : `:${gateway.port}`;
  return { proxy: `sip:${gateway.host}${port};transport=${gateway.protocol}` };
}

function wayTo(gateway: Gateway): { hops?: readonly Hop[] } {
  if (isIP(gateway.host) === 0) return {};
  const port = gateway.port ?? (gateway.protocol === 'tls' ? 5061 : 5060);
  return { hops: [{ transport: gateway.protocol, address: gateway.host, port }] };
}
