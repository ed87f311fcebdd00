/** SIP's only door: joins network, transactions and dialogs, and decides what a request outside a dialog deserves. */
import { isIP } from 'node:net';
import { type Clock, type Log, messageOf, type Random, Roster } from '../../base/index.ts';
import type { Binding, Whereabouts } from '../../ports/index.ts';
import {
  defaultSessionTimer,
  type Dialog,
  type DialogCore,
  dialogKey,
  type DialogReceiver,
  type DialogSnapshot,
  type Path,
  type Reason,
  type SentAck,
  type SessionTimerPolicy,
  SipDialog,
} from '../dialog/index.ts';
import {
  createResponse,
  formatUri,
  header,
  type HeaderFields,
  parseMessage,
  parseNameAddr,
  parseUri,
  serialize,
  type SipRequest,
  tagOf,
} from '../message/index.ts';
import {
  type ClientTransaction,
  type ClientUser,
  defaultTimers,
  type FaultListener,
  type Hop,
  type LayerUser,
  type ServerTransaction,
  type SipTimers,
  type Source,
  type TimerWheel,
  TransactionLayer,
  type Wire,
} from '../transaction/index.ts';
import { TargetAuthorizer } from './authorizer.ts';
import type {
  DeviceRoute,
  GatewayPing,
  Network,
  OutboundRegistration,
  PingOptions,
  RegistrationOptions,
  UserAgent,
  UserAgentOptions,
} from './options.ts';
import { type CallHost, UacCall } from './outgoing-call.ts';
import { Ping } from './ping.ts';
import { type FrontHost, methodsOf, Reception } from './reception.ts';
import { Registration } from './registration.ts';
import { PassingOn } from './passing-on.ts';
import { leftFlow, ReturnedFlows } from './returned-flows.ts';
import { Strays } from './strays.ts';
import { listeningAt, unreachableFrom } from './nat.ts';
import type { Invitation, InviteOptions, LeftCall, LeftInvitation, OutgoingCall } from './types.ts';

const started = Promise.resolve();

const transportNames = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' } as const;
/** RFC 7118 §5.3 knows `ws` alone: a wss peer uses the connection it has. */
const transportParams = {
  udp: '',
  tcp: ';transport=tcp',
  tls: ';transport=tls',
  ws: ';transport=ws',
  wss: ';transport=ws',
} as const;

class Agent implements UserAgent, CallHost, LayerUser, Wire, FrontHost {
  draining = false;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly timers: SipTimers;
  readonly wheel: TimerWheel;
  readonly sessionTimer: SessionTimerPolicy;
  readonly userAgent: string;
  readonly allow: string;
  readonly #network: Network;
  readonly #layer: TransactionLayer;
  readonly #dialogs = new Roster<string, DialogReceiver>();
  /** By Call-ID: each call of ours has its own. */
  readonly #calls = new Roster<string, UacCall>();
  readonly #registrations = new Set<Registration>();
  readonly #pings = new Set<Ping>();
  #closed: Promise<void> | undefined = undefined;
  readonly #branch: string;
  readonly #returned: ReturnedFlows;
  readonly #reception: Reception;
  #phase: 'open' | 'closed' = 'open';
  #strays: Strays | undefined;
  #passing: PassingOn | undefined;

  constructor(options: UserAgentOptions) {
    const { clock, random, log, network } = options;
    this.#network = network;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.timers = options.timers ?? defaultTimers;
    this.sessionTimer = { ...defaultSessionTimer, expires: options.sessionExpires ?? defaultSessionTimer.expires };
    this.userAgent = options.userAgent ?? 'Graine';
    this.#layer = new TransactionLayer({
      clock,
      wire: this,
      user: this,
      timers: this.timers,
      fault: (fault) => log.error({ fault: messageOf(fault) }, 'a SIP timer could not be handled'),
    });
    this.wheel = this.#layer.wheel;
    this.#returned = new ReturnedFlows(this.wheel);
    this.allow = methodsOf(options).join(', ');
    this.#branch = `z9hG4bK${random.token(6)}`;
    this.#reception = new Reception(this, options, { layer: this.#layer, ownBranch: this.#branch });
    network.onClosed = (connectionId) => {
      this.#returned.closed(connectionId);
      for (const call of this.#calls.values()) call.flowClosed(connectionId);
      this.#layer.flowClosed(connectionId);
    };
    network.onMessage = (message, source) => {
      if (this.#phase === 'closed') return;
      try {
        if (message.kind === 'response' && this.#passing?.answer(message) === true) return;
        this.#layer.receive(message, source);
      } catch (fault) {
        // A fault of ours, or of a callback: this message is lost, the server goes on.
        log.error({ fault: messageOf(fault), sipCallId: message.callId }, 'a SIP message could not be handled');
      }
    };
  }

  onInvitation(handler: (invitation: Invitation) => void): void {
    this.#reception.handler = handler;
  }

  onStray(find: (tag: string) => Promise<Whereabouts>, placeOf: (node: string) => Hop | undefined): void {
    const passing = new PassingOn({ network: this.#network, clock: this.clock, random: this.random });
    this.#passing = passing;
    this.#strays = new Strays({
      clock: this.clock,
      find,
      again: (request, from) => {
        if (this.#phase === 'open' && !this.#deliver(request, from)) this.#reception.refuse(request, from, 481);
      },
      pass: (request, from, { node, heard }) => {
        const to = placeOf(node);
        return this.#phase === 'open' && to !== undefined && passing.pass(request, from, { to, heard });
      },
      repeated: (request, from) => void passing.follow(request, from),
      elsewhere: (request, from) => {
        if (this.#phase === 'open') this.#reception.refuse(request, from, 503, [['Retry-After', '1']]);
      },
    });
  }

  invite(options: InviteOptions): OutgoingCall {
    const authorizer =
      options.credentials === undefined ? undefined : new TargetAuthorizer(options.credentials, this.random);
    const call = new UacCall(this, options, authorizer);
    // Not `queueMicrotask`, which makes Node keep a book of its own about each: some thirty calls of functions.
    void started.then(() => {
      if (this.#phase === 'open') call.start();
    });
    return call;
  }

  routeTo(binding: Binding): DeviceRoute {
    const { contact, transport, address, port, connectionId, path } = binding;
    const [first] = path;
    // RFC 3327 §5.3: the proxy that the device registered through has the connection; its address is in its Path.
    if (first !== undefined) return { uri: contact, route: path.join(', '), pinned: false };
    const hop: Hop = { transport, address, port, ...(connectionId === undefined ? {} : { connectionId }) };
    const gone = connectionId !== undefined && this.#network.alive?.(connectionId) === false;
    const way = gone ? (listeningAt(binding) ?? hop) : hop;
    return { uri: contact, hops: [way], pinned: true };
  }

  register(options: RegistrationOptions): OutboundRegistration {
    const registration = new Registration(this, options, (gone) => void this.#registrations.delete(gone));
    this.#registrations.add(registration);
    queueMicrotask(() => registration.start());
    return registration;
  }

  ping(options: PingOptions): GatewayPing {
    const ping = new Ping(this, options, (gone) => void this.#pings.delete(gone));
    this.#pings.add(ping);
    queueMicrotask(() => {
      if (this.#pings.has(ping)) ping.start();
    });
    return ping;
  }

  restore(snapshot: DialogSnapshot, options: { ownContact?: boolean } = {}): Dialog {
    const { sessionExpires, localUri, remoteUri, sdp, peerUpdates, callIdOurs, hop, ...rest } = snapshot;
    const core: DialogCore = { ...rest, local: localUri, remote: remoteUri, hop: this.#hopOfPeer(hop) };
    const restored = options.ownContact === true ? { ...core, contact: this.#contactHere(core) } : core;
    return new SipDialog({
      host: this,
      core: restored,
      source: undefined,
      state: 'confirmed',
      callIdOurs,
      peerUpdates,
      ...(sdp === undefined ? {} : { sdp: Buffer.from(sdp) }),
      ...(sessionExpires === undefined
        ? {}
        : { agreement: sessionExpires, sessionLeftMs: Math.max(0, sessionExpires.deadline - this.clock.now()) }),
    });
  }

  /** Of a dialog: its peer may come back over another connection. */
  #hopOfPeer(hop: Hop | undefined): Hop | undefined {
    return this.#hopHere(hop) ?? (hop && { ...hop, connectionId: leftFlow });
  }

  /** A connection of another process is none of ours: its peer is looked for where its Contact says. */
  #hopHere(hop: Hop | undefined): Hop | undefined {
    return hop?.connectionId === undefined || this.#network.alive?.(hop.connectionId) === true ? hop : undefined;
  }

  /** Our Contact of a dialog that had another node's address in it. */
  #contactHere({ contact, hop, remoteTarget, routeSet }: DialogCore): string {
    const own = parseNameAddr(contact)?.uri;
    if (own === undefined) return contact;
    const [first] = routeSet;
    const next = first === undefined ? parseUri(remoteTarget) : parseNameAddr(first)?.uri;
    const address = hop?.address ?? (next !== undefined && isIP(next.host) !== 0 ? next.host : '0.0.0.0');
    const said = String(own.params.get('transport') ?? (own.scheme === 'sips' ? 'tls' : 'udp')).toLowerCase();
    const transport = said in transportNames ? (said as Hop['transport']) : 'udp';
    const here = parseUri(`sip:${this.#network.localFor({ transport, address, port: 5060 })}`);
    if (here?.port === undefined) return contact;
    return `<${formatUri({ ...own, host: here.host, port: here.port })}>`;
  }

  refuseLeft({ request, source, localTag }: LeftInvitation, status: number): void {
    const read = readRequest(request);
    if (read === undefined) return;
    this.#layer.serve(read, source).respond(createResponse(read, status, undefined, { toTag: localTag }));
  }

  cancelLeft({ request, hop }: LeftCall, reason: Reason, rang = false): void {
    const read = readRequest(request);
    if (read === undefined) return;
    const { uri, callId } = read;
    const way = this.#hopHere(hop) ?? withoutFlow(hop);
    const call = new UacCall(this, { uri, from: { uri }, callId, hops: [way] }, undefined);
    call.retake(read, way, rang);
    call.cancel(reason);
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  dump(): object {
    return {
      draining: this.draining,
      dialogs: [...this.#dialogs.keys()],
      calls: this.#calls.size,
      ...this.#layer.dump(),
    };
  }

  abandon(): void {
    this.#closeNow();
  }

  close(): Promise<void> {
    if (this.#registrations.size === 0) this.#closeNow();
    else
      this.#closed ??= Promise.all(Array.from(this.#registrations, (each) => each.close())).then(() =>
        this.#closeNow(),
      );
    return this.#closed ?? Promise.resolve();
  }

  #closeNow(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    for (const ping of this.#pings) ping.close();
    for (const each of this.#registrations) each.drop();
    for (const call of this.#calls.values()) call.drop();
    for (const receiver of this.#dialogs.values()) receiver.drop();
    this.#layer.close();
    this.#returned.close();
    this.#passing?.close();
    this.#dialogs.clear();
    this.#calls.clear();
  }

  // Requests outside a dialog, and where the others go.

  onRequest(request: SipRequest, from: Source): void {
    if (request.method === 'CANCEL') {
      if (this.#layer.cancelled(request) !== undefined || this.#passing?.follow(request, from) !== true)
        this.#reception.cancel(request, from);
      return;
    }
    const tag = tagOf(request.to);
    if (tag === undefined) return this.#reception.take(request, from);
    if (this.#deliver(request, from) || this.#strays?.take(request, from, tag) === true) return;
    this.#reception.refuse(request, from, 481);
  }

  /** False: there is no such dialog here. */
  #deliver(request: SipRequest, from: Source): boolean {
    const receiver = this.#dialogs.get(this.#keyOf(request, tagOf(request.to) ?? ''));
    receiver?.receive(request, from);
    return receiver !== undefined;
  }

  onAck(request: SipRequest, from: Source): void {
    const receiver = this.#dialogs.get(this.#keyOf(request, tagOf(request.to) ?? ''));
    if (receiver !== undefined) receiver.receiveAck(request);
    // An ACK that belongs nowhere is left alone (attack B6).
    else this.#passing?.follow(request, from);
  }

  #keyOf(request: SipRequest, localTag: string): string {
    return dialogKey(request.callId, localTag, tagOf(request.from) ?? '');
  }

  // DialogHost, CallHost.

  send(request: SipRequest, path: Path, user: ClientUser): void {
    this.#route(path, (hop) => {
      if (hop === undefined) user.onFailure('transport');
      else this.transact(request, hop, user);
    });
  }

  sendAck(request: SipRequest, path: Path): SentAck {
    const sent: { again: () => void } = { again: () => {} };
    this.#route(path, (hop) => {
      if (hop === undefined) return;
      this.#writeVia(request, hop);
      sent.again = this.#sender(serialize(request), hop);
      sent.again();
    });
    return sent;
  }

  /** Made apart: it is kept for 32 s, and must not keep the request, too. */
  #sender(bytes: Buffer, hop: Hop): () => void {
    return () => this.#network.send(bytes, hop);
  }

  transact(request: SipRequest, hop: Hop, user: ClientUser): ClientTransaction {
    return this.#layer.request(request, { to: hop, user, branch: this.#writeVia(request, hop) });
  }

  transactAsIs(request: SipRequest, hop: Hop, user: ClientUser): ClientTransaction {
    return this.#layer.request(request, { to: hop, user, branch: String(request.via.params.get('branch')) });
  }

  serve(request: SipRequest, from: Source): ServerTransaction {
    return this.#layer.serve(request, from);
  }

  enter(key: string, receiver: DialogReceiver): void {
    this.#dialogs.set(key, receiver);
  }

  leave(key: string, receiver: DialogReceiver): void {
    if (this.#dialogs.get(key) === receiver) this.#dialogs.delete(key);
  }

  resolve(uri: string): readonly Hop[] | Promise<readonly Hop[]> {
    return this.#network.resolve(uri);
  }

  contactFor(hop: Hop, user: string | undefined, host: string | undefined, secure = false): string {
    const at = host ?? this.#network.localFor(hop);
    // RFC 5630 §3.1.4: sips needs no transport=tls, and RFC 3261 §26.2.2 forbids it.
    const transport = secure && hop.transport === 'tls' ? '' : transportParams[hop.transport];
    const scheme = secure ? 'sips' : 'sip';
    return user === undefined ? `<${scheme}:${at}${transport}>` : `<${scheme}:${escapeUser(user)}@${at}${transport}>`;
  }

  pinnedHop(hop: Hop, contact: string, routed: boolean): Hop | undefined {
    return !routed && unreachableFrom(hop, contact) ? hop : undefined;
  }

  registered(request: SipRequest, from: Source): void {
    this.#returned.came(request, from, (id) => this.#network.alive?.(id) === true);
  }

  entered(call: UacCall): void {
    this.#calls.set(call.callId, call);
  }

  left(call: UacCall): void {
    this.#calls.delete(call.callId);
  }

  #route(path: Path, go: (hop: Hop | undefined) => void): void {
    const flow = path.hop?.connectionId;
    // A flow that is gone leaves what the peer's Contact says, which may lead somewhere.
    const gone = flow !== undefined && this.#network.alive?.(flow) === false;
    if (path.hop !== undefined && !gone) return go(path.hop);
    const back = gone ? this.#returned.of(path.uri) : undefined;
    if (back !== undefined) return go(back);
    if (flow === leftFlow && this.#returned.await(path.uri, go)) return;
    const hops = this.#network.resolve(path.uri);
    if (!(hops instanceof Promise)) return go(proving(path.provedHost, hops[0]));
    const later = (hop: Hop | undefined): void => {
      if (this.#phase === 'open') go(proving(path.provedHost, hop));
    };
    hops.then(
      (found) => later(found[0]),
      () => later(undefined),
    );
  }

  /** Fills the Via that our requests are made with; returns its branch. */
  #writeVia(request: SipRequest, hop: Hop): string {
    const branch = this.#branch + this.random.token(14);
    const via = `SIP/2.0/${transportNames[hop.transport]} ${this.#network.localFor(hop)};branch=${branch};rport`;
    (request.headers as HeaderFields).lead(header.via, via);
    return branch;
  }

  // Wire.

  sendRequest(bytes: Buffer, to: Hop, listener: FaultListener): void {
    this.#network.send(bytes, to, listener);
  }

  sendResponse(bytes: Buffer, to: Source, listener: FaultListener): void {
    // A lost datagram is resent by somebody; only a connection that is gone is worth being told of.
    if (to.transport === 'udp') this.#network.reply(bytes, to);
    else this.#network.reply(bytes, to, listener);
  }
}

/** Carriers' Contacts and routes are addresses, their certificates are of names: that of the dialog must be proved again. */
function proving(host: string | undefined, hop: Hop | undefined): Hop | undefined {
  if (host === undefined || hop === undefined || hop.host !== undefined) return hop;
  return hop.transport === 'tls' || hop.transport === 'wss' ? { host, ...hop } : hop;
}

/** A connection of another process is none of ours: a new one may lead there too. */
function withoutFlow({ transport, address, port, host }: Hop): Hop {
  return { transport, address, port, ...(host === undefined ? {} : { host }) };
}

/** The user part of a URI of ours: what is not allowed there is percent-encoded. RFC 3261 §25.1. */
function escapeUser(user: string): string {
  return encodeURIComponent(user).replaceAll('%2B', '+');
}

export function createUserAgent(options: UserAgentOptions): UserAgent {
  return new Agent(options);
}

/** A request another process kept. */
function readRequest(base64: string): SipRequest | undefined {
  const read = parseMessage(Buffer.from(base64, 'base64'));
  return read.ok && read.message.kind === 'request' ? read.message : undefined;
}
