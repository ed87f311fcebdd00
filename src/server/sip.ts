/** SIP put together: transports, source guard, agent; and the transports as the agent's network. */
import { type Certainty, type Clock, type Log, type Random, type TraceChannel, withinNetworks } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Alerts, Directory, Door, LiveStore } from '../ports/index.ts';
import { createUserAgent, type Network, type UserAgent, type UserSecret } from '../sip/agent/index.ts';
import { defaultLimits } from '../sip/message/index.ts';
import { type CertificateFiles, Certificates, NextHops, SourceGuard, TransportLayer } from '../sip/transport/index.ts';
import { EdgeChoice } from './edges.ts';
import { identify, type Known } from './identify.ts';
import { tlsPeersOf } from './tls-peers.ts';
import { TlsRefusals } from './tls-refusals.ts';

type Parts = {
  config: Config;
  clock: Clock;
  random: Random;
  log: Log;
  trace: TraceChannel;
  directory: Directory;
  live: LiveStore;
  node: string;
  door: Door;
  /** Whether the calls here are still this node's: in doubt, what comes waits. */
  owner: Certainty | undefined;
  alerts: Alerts;
};

export type Sip = {
  readonly agent: UserAgent;
  readonly transport: TransportLayer;
  readonly guard: SourceGuard;
  readonly edges: EdgeChoice;
  /** What came since it listens is handled now, and all that follows: before, who it is for may not be there yet. */
  begin(): void;
  /** Reads certificates anew if their files have changed. */
  reload(): Promise<void>;
  close(): Promise<void>;
};

function certificateFiles({ client_ca: clientCa, ...files }: NonNullable<Config['sip']['tls']>): CertificateFiles {
  return { ...files, clientCa };
}

/** Messages held while the server is being put together. */
const mostWaiting = 10_000;

/** Listens on every address of the configuration. Throws when one cannot be had, leaving nothing open. */
export async function openSip(parts: Parts): Promise<Sip> {
  const { config, clock, log } = parts;
  const isTeams = withinNetworks(config.sip.teams.sources);
  const guard = guardOf(parts, isTeams);
  const certificates = config.sip.tls && (await Certificates.load(certificateFiles(config.sip.tls), { clock, log }));
  const transport = transportOf(parts, guard, certificates);
  const refusals = new TlsRefusals(parts);
  transport.onUnsecured = (refusal) => refusals.handshake(refusal);
  const known: Known = {
    directory: parts.directory,
    isTeams,
    unproven: (gateway, why) => refusals.unproven(gateway, why),
  };
  const holding = new Holding(transport, parts.owner);
  const edges = new EdgeChoice(config.sip.outbound_edge, log);
  const agent = createUserAgent({
    network: networkOf(transport, holding, edges),
    clock,
    random: parts.random,
    log,
    identify: (request, source) => identify(known, request, source),
    credentials: (username, realm) => secretOf(parts, username, realm),
    door: parts.door,
    nonceSeconds: config.sip.registrar.nonce_seconds,
    sessionExpires: config.sip.session_expires_seconds,
    registrar: {
      live: parts.live,
      node: parts.node,
      minExpires: config.sip.registrar.min_expires_seconds,
      maxExpires: config.sip.registrar.max_expires_seconds,
      maxContacts: config.sip.registrar.max_contacts,
    },
  });
  const close = async (): Promise<void> => {
    edges.close();
    await agent.close();
    await transport.close();
    certificates?.close();
  };
  try {
    for (const { transport: name, address, port } of config.sip.listen) {
      await transport.listen(`${name}://${address.includes(':') ? `[${address}]` : address}:${port}`);
    }
  } catch (fault) {
    await close();
    throw fault;
  }
  edges.watch(agent);
  const reload = async (): Promise<void> => certificates?.refresh();
  return { agent, transport, guard, edges, begin: () => holding.open(), reload, close };
}

/** The configuration counts faults: an INVITE of a stranger is one (10 points here), a wrong password two. */
function guardOf({ config, clock, log, directory, live }: Parts, isTeams: (address: string) => boolean): SourceGuard {
  const { score, window_seconds, ban_seconds, never } = config.sip.ban;
  const guard = new SourceGuard({
    onBan: (ban) => void live.ban(ban),
    clock,
    log,
    trusted: [...never, ...config.sip.edges],
    exempt: (address) =>
      directory.inboundGateway(address, 0, 'udp') !== undefined ||
      // One customer's wrong name must not shut all others out, who come from the same addresses.
      (isTeams(address) && directory.all('teamsTenant').length > 0),
    threshold: score * 10,
    halfLifeMs: window_seconds * 1000,
    banMs: ban_seconds * 1000,
  });
  live.onBan((ban) => guard.adopt(ban));
  return guard;
}

function transportOf(parts: Parts, guard: SourceGuard, certificates: Certificates | undefined): TransportLayer {
  const { config, clock, random, log, trace, directory } = parts;
  const { limits, advertise, ws, edges } = config.sip;
  return new TransportLayer({
    clock,
    log,
    trace,
    guard,
    nextHops: new NextHops({ clock, random, log }),
    ...(advertise === undefined ? {} : { advertise }),
    certificates,
    tlsPeer: tlsPeersOf(config, directory),
    asksClient: (address, port) => {
      return directory.inboundGateway(address, port, 'tls')?.gateway.clientCertificate !== undefined;
    },
    origins: ws.origins,
    isEdge: withinNetworks(edges),
    messageLimits: { ...defaultLimits, total: limits.max_message_bytes, headers: limits.max_headers },
    connectionLimits: {
      partialMessageMs: limits.stream_message_seconds * 1000,
      idleMs: limits.stream_idle_seconds * 1000,
      total: limits.max_connections,
      perSource: limits.max_connections_per_address,
    },
  });
}

/** Holds messages until the server has all its parts, and while it is in doubt whether its calls are still its own. What comes
 * beyond the limit is lost, as a busy network loses it. */
class Holding {
  readonly #transport: TransportLayer;
  readonly #owner: Certainty | undefined;
  #handler: TransportLayer['onMessage'];
  #waiting: Parameters<TransportLayer['onMessage']>[] | undefined = [];

  constructor(transport: TransportLayer, owner: Certainty | undefined) {
    this.#transport = transport;
    this.#owner = owner;
    this.#handler = transport.onMessage;
    transport.onMessage = this.#take;
  }

  get handler(): TransportLayer['onMessage'] {
    return this.#handler;
  }

  set handler(handler: TransportLayer['onMessage']) {
    this.#handler = handler;
    if (this.#waiting === undefined && this.#owner === undefined) this.#transport.onMessage = handler;
  }

  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#transport.onMessage = this.#owner === undefined ? this.#handler : this.#take;
    for (const message of waiting) this.#handler(...message);
  }

  readonly #take: TransportLayer['onMessage'] = (...message) => {
    if (this.#waiting !== undefined) {
      if (this.#waiting.length < mostWaiting) this.#waiting.push(message);
      return;
    }
    if (this.#owner?.sure !== false) return this.#handler(...message);
    this.#waiting = [message];
    void this.#owner.whenSure().then(() => this.open());
  };
}

function networkOf(transport: TransportLayer, holding: Holding, edges: EdgeChoice): Network {
  return {
    get onMessage() {
      return holding.handler;
    },
    set onMessage(handler) {
      holding.handler = handler;
    },
    send: (bytes, to, listener) => transport.send(bytes, edges.instead(to), listener),
    reply: (bytes, to, listener) => transport.reply(bytes, edges.insteadOf(to), listener),
    localFor: (to) => transport.localFor(to),
    resolve: (uri) => transport.resolve(uri),
    offence: (source, weight) => transport.offence(source, weight),
    good: (source) => transport.good(source),
    keep: (connectionId) => transport.keep(connectionId),
    release: (connectionId) => transport.release(connectionId),
    alive: (connectionId) => transport.alive(connectionId),
    get onClosed() {
      return transport.onClosed;
    },
    set onClosed(handler) {
      transport.onClosed = handler;
    },
  };
}

function secretOf({ directory, clock }: Parts, username: string, realm: string): UserSecret | undefined {
  const client = directory.client(realm, username);
  if (client === undefined || !client.isActive) return undefined;
  if (client.softphone !== undefined && client.softphone.expiresAt <= clock.now()) return undefined;
  return { clientSid: client.sid, accountSid: client.accountSid, secret: { password: client.password } };
}
