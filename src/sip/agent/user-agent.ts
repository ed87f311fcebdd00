/** SIP's only door: joins network, transactions and dialogs, and decides what a request outside a dialog deserves. */
import { type Clock, type Log, messageOf, type Random } from '../../base/index.ts';
import type { Binding } from '../../ports/index.ts';
import {
  agreeAsServer,
  defaultSessionTimer,
  type Dialog,
  type DialogCore,
  dialogKey,
  type DialogReceiver,
  type DialogSnapshot,
  type ExtraHeader,
  type Path,
  reasonOf,
  type SentAck,
  SipDialog,
} from '../dialog/index.ts';
import { createResponse, serialize, type SipRequest, tagOf } from '../message/index.ts';
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
import { type Admission, refuse } from './admission.ts';
import { Authenticator, type Verdict } from './authenticator.ts';
import { TargetAuthorizer } from './authorizer.ts';
import { KeptConnections } from './kept-connections.ts';
import { IncomingCall } from './invitation.ts';
import type {
  DeviceRoute,
  GatewayPing,
  Identification,
  Network,
  OutboundRegistration,
  PingOptions,
  RegistrationOptions,
  UserAgent,
  UserAgentOptions,
} from './options.ts';
import { type CallHost, UacCall } from './outgoing-call.ts';
import { Ping } from './ping.ts';
import { Registrar } from './registrar.ts';
import { Registration } from './registration.ts';
import { behindNat, unreachableFrom } from './nat.ts';
import type { CallerIdentity, Invitation, InviteOptions, OutgoingCall } from './types.ts';

const baseMethods = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'INFO',
  'UPDATE',
  'PRACK',
  'REFER',
  'NOTIFY',
  'MESSAGE',
];

/** Weights of offences towards the ban of a source. */
const weights = { challenged: 1, stranger: 10, wrongPassword: 20 } as const;

const transportNames = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' } as const;

class Agent implements UserAgent, CallHost, LayerUser, Wire {
  draining = false;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly timers: SipTimers;
  readonly wheel: TimerWheel;
  readonly userAgent: string;
  readonly allow: string;
  readonly #network: Network;
  readonly #options: UserAgentOptions;
  readonly #layer: TransactionLayer;
  readonly #dialogs = new Map<string, DialogReceiver>();
  readonly #calls = new Set<UacCall>();
  readonly #registrations = new Set<Registration>();
  readonly #pings = new Set<Ping>();
  readonly #registrar: Registrar | undefined;
  readonly #kept: KeptConnections;
  readonly #keepMs: number;
  #closed: Promise<void> | undefined = undefined;
  readonly #admission: Admission;
  readonly #authenticator: Authenticator | undefined;
  readonly #branch: string;
  readonly #statelessTag: string;
  #handler: ((invitation: Invitation) => void) | undefined = undefined;
  #phase: 'open' | 'closed' = 'open';

  constructor(options: UserAgentOptions) {
    const { clock, random, log, network } = options;
    this.#options = options;
    this.#network = network;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.timers = options.timers ?? defaultTimers;
    this.userAgent = options.userAgent ?? 'Graine';
    this.#layer = new TransactionLayer({
      clock,
      wire: this,
      user: this,
      timers: this.timers,
      fault: (fault) => log.error({ fault: messageOf(fault) }, 'a SIP timer could not be handled'),
    });
    this.wheel = this.#layer.wheel;
    this.#kept = new KeptConnections(network, clock, this.wheel);
    this.#keepMs = (options.registrar?.maxExpires ?? 3600) * 1000;
    const methods = options.registrar === undefined ? baseMethods : [...baseMethods, 'REGISTER'];
    this.allow = methods.join(', ');
    this.#branch = `z9hG4bK${random.token(6)}`;
    this.#statelessTag = random.token(8);
    // Known, though refused outside a dialog: the answer must not tell a stranger more than 403 does.
    const known = [...methods, 'SUBSCRIBE', 'PUBLISH'];
    this.#admission = { allow: this.allow, methods: new Set(known), ownBranch: this.#branch };
    if (options.credentials !== undefined) {
      const lookup = options.credentials;
      this.#authenticator = new Authenticator({ clock, random, lookup, nonceSeconds: options.nonceSeconds ?? 300 });
    }
    if (options.registrar !== undefined) this.#registrar = new Registrar(options.registrar, clock, log);
    network.onMessage = (message, source) => {
      if (this.#phase === 'closed') return;
      try {
        this.#layer.receive(message, source);
      } catch (fault) {
        // A fault of ours, or of a callback: this message is lost, the server goes on.
        log.error({ fault: messageOf(fault), sipCallId: message.callId }, 'a SIP message could not be handled');
      }
    };
  }

  onInvitation(handler: (invitation: Invitation) => void): void {
    this.#handler = handler;
  }

  invite(options: InviteOptions): OutgoingCall {
    const authorizer =
      options.credentials === undefined ? undefined : new TargetAuthorizer(options.credentials, this.random);
    const call = new UacCall(this, options, authorizer);
    queueMicrotask(() => {
      if (this.#phase === 'open') call.start();
    });
    return call;
  }

  routeTo(binding: Binding): DeviceRoute {
    const { contact, transport, address, port, connectionId, path } = binding;
    const hop: Hop = { transport, address, port, ...(connectionId === undefined ? {} : { connectionId }) };
    const route = path.length === 0 ? {} : { route: path.join(', ') };
    return { uri: contact, hops: [hop], pinned: path.length === 0, ...route };
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

  restore(snapshot: DialogSnapshot): Dialog {
    const { sessionExpires, localUri, remoteUri, sdp, peerUpdates, callIdOurs, hop, ...rest } = snapshot;
    const core: DialogCore = { ...rest, local: localUri, remote: remoteUri, hop };
    return new SipDialog({
      host: this,
      core,
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

  dump(): object {
    return {
      draining: this.draining,
      dialogs: [...this.#dialogs.keys()],
      calls: this.#calls.size,
      ...this.#layer.dump(),
    };
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
    for (const call of this.#calls) call.drop();
    for (const receiver of this.#dialogs.values()) receiver.drop();
    this.#layer.close();
    this.#dialogs.clear();
    this.#calls.clear();
  }

  // Requests outside a dialog, and where the others go.

  onRequest(request: SipRequest, from: Source): void {
    if (request.method === 'CANCEL') return this.#receiveCancel(request, from);
    const tag = tagOf(request.to);
    if (tag !== undefined) return this.#receiveInDialog(request, from, tag);
    const refusal = refuse(request, this.#admission);
    if (refusal !== undefined) return this.#refuse(request, from, refusal.status, refusal.headers);
    if (this.#layer.merges(request)) return this.#refuse(request, from, 482);
    if (request.method === 'OPTIONS') return this.#receiveOptions(request, from);
    this.#identify(request, from);
  }

  onAck(request: SipRequest, _from: Source): void {
    // An ACK that belongs nowhere is left alone (attack B6).
    this.#dialogs.get(this.#keyOf(request, tagOf(request.to) ?? ''))?.receiveAck(request);
  }

  #receiveInDialog(request: SipRequest, from: Source, tag: string): void {
    const receiver = this.#dialogs.get(this.#keyOf(request, tag));
    if (receiver !== undefined) receiver.receive(request, from);
    else this.#refuse(request, from, 481);
  }

  #receiveCancel(request: SipRequest, from: Source): void {
    const invite = this.#layer.cancelled(request);
    if (invite === undefined) return this.#refuse(request, from, 481);
    const call = invite.user instanceof IncomingCall ? invite.user : undefined;
    const tag = call?.localTag ?? this.#tagFor(request);
    this.#layer.serve(request, from).respond(createResponse(request, 200, undefined, { toTag: tag }));
    call?.cancel(reasonOf(request));
  }

  #receiveOptions(request: SipRequest, from: Source): void {
    // §11.2: what an INVITE would get. Stateless, and short: nobody proved who he is.
    if (this.draining) return this.#refuse(request, from, 503, [['Retry-After', '60']]);
    this.#refuse(request, from, 200, [
      ['Allow', this.allow],
      ['Accept', 'application/sdp'],
      ['Supported', '100rel, timer'],
    ]);
  }

  #identify(request: SipRequest, from: Source): void {
    const who: Identification = this.#options.identify(request, from);
    if (who.kind === 'forbidden') return this.#stranger(request, from);
    if (who.kind !== 'challenge') {
      this.#network.good(from);
      return this.#welcome(request, from, who, undefined);
    }
    if (this.#authenticator === undefined) return this.#stranger(request, from);
    const verdict = this.#authenticator.check(request, who.realm);
    if (!(verdict instanceof Promise)) return this.#judged(request, from, { verdict, realm: who.realm }, undefined);
    // While the secret is looked up, the transaction absorbs retransmissions.
    const transaction = this.#layer.serve(request, from);
    verdict
      .then((found) => this.#judged(request, from, { verdict: found, realm: who.realm }, transaction))
      .catch((fault: unknown) => {
        this.log.error({ fault: messageOf(fault) }, 'credentials could not be checked');
        transaction.respond(createResponse(request, 500));
      });
  }

  #judged(
    request: SipRequest,
    from: Source,
    judgement: { verdict: Verdict; realm: string },
    transaction: ServerTransaction | undefined,
  ): void {
    if (this.#phase === 'closed') return;
    const { verdict, realm } = judgement;
    switch (verdict.kind) {
      case 'user':
        this.#network.good(from);
        return this.#welcome(request, from, verdict.identity, transaction);
      case 'challenge': {
        this.#network.offence(from, weights.challenged);
        const headers = this.#authenticator?.challenge(realm, verdict.stale);
        return this.#answer(request, from, { status: 401, headers }, transaction);
      }
      case 'wrong':
        this.#network.offence(from, weights.wrongPassword);
        return this.#answer(request, from, { status: 403 }, transaction);
    }
  }

  #welcome(request: SipRequest, from: Source, who: CallerIdentity, known: ServerTransaction | undefined): void {
    if (request.method === 'INVITE') return this.#invited(request, from, who, known);
    if (request.method === 'REGISTER') return this.#registered(request, from, who, known);
    // MESSAGE, SUBSCRIBE, PUBLISH, NOTIFY, REFER outside a dialog: nothing of ours wants them.
    this.#answer(request, from, { status: 405, headers: [['Allow', this.allow]] }, known);
  }

  #invited(request: SipRequest, from: Source, who: CallerIdentity, known: ServerTransaction | undefined): void {
    if (this.draining) return this.#answer(request, from, { status: 503, headers: [['Retry-After', '60']] }, known);
    if (this.#handler === undefined) return this.#answer(request, from, { status: 480 }, known);
    if (agreeAsServer(request, defaultSessionTimer) === 'tooSmall') {
      const headers: ExtraHeader[] = [['Min-SE', String(defaultSessionTimer.minimum)]];
      return this.#answer(request, from, { status: 422, headers }, known);
    }
    const transaction = known ?? this.#layer.serve(request, from);
    const call = new IncomingCall({
      host: this,
      request,
      source: from,
      caller: who,
      transaction,
      tag: this.random.token(12),
      contact: this.contactFor(from, undefined, undefined),
      pinned: behindNat(request, from),
    });
    try {
      this.#handler(call);
    } catch (fault) {
      this.log.error({ fault: messageOf(fault), sipCallId: call.callId }, 'an invitation could not be taken');
      call.reject({ status: 500 });
    }
  }

  #registered(request: SipRequest, from: Source, who: CallerIdentity, known: ServerTransaction | undefined): void {
    // A carrier's gateway is no device of a user.
    if (this.#registrar === undefined || who.kind !== 'user')
      return this.#answer(request, from, { status: 403 }, known);
    const transaction = known ?? this.#layer.serve(request, from);
    this.#registrar.register(request, from, who).then(
      (reply) => {
        if (from.connectionId !== undefined && reply.status === 200) this.#kept.keep(from.connectionId, this.#keepMs);
        this.#answer(request, from, reply, transaction);
      },
      (fault: unknown) => {
        this.log.error({ fault: messageOf(fault) }, 'a REGISTER could not be stored');
        this.#answer(request, from, { status: 500 }, transaction);
      },
    );
  }

  #stranger(request: SipRequest, from: Source): void {
    this.#network.offence(from, weights.stranger);
    this.#refuse(request, from, 403);
  }

  #answer(
    request: SipRequest,
    from: Source,
    reply: { status: number; headers?: readonly ExtraHeader[] | undefined },
    transaction: ServerTransaction | undefined,
  ): void {
    if (transaction === undefined) return this.#refuse(request, from, reply.status, reply.headers);
    transaction.respond(this.#response(request, reply.status, reply.headers));
  }

  /** Answers and forgets: a flood leaves nothing behind. §8.2.7. */
  #refuse(request: SipRequest, from: Source, status: number, headers?: readonly ExtraHeader[]): void {
    this.#network.reply(serialize(this.#response(request, status, headers)), from);
  }

  #response(request: SipRequest, status: number, headers: readonly ExtraHeader[] | undefined) {
    const toTag = this.#tagFor(request);
    return createResponse(request, status, undefined, headers === undefined ? { toTag } : { toTag, headers });
  }

  /** The same for every retransmission, without remembering any. §8.2.7. */
  #tagFor(request: SipRequest): string {
    let hash = 0x811c9dc5;
    const text = `${request.callId}${String(request.via.params.get('branch'))}`;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return `${this.#statelessTag}${(hash >>> 0).toString(36)}`;
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
      const bytes = serialize(request);
      sent.again = () => this.#network.send(bytes, hop);
      sent.again();
    });
    return sent;
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

  contactFor(hop: Hop, user: string | undefined, host: string | undefined): string {
    const at = host ?? this.#network.localFor(hop);
    const transport = hop.transport === 'udp' ? '' : `;transport=${hop.transport}`;
    return user === undefined ? `<sip:${at}${transport}>` : `<sip:${escapeUser(user)}@${at}${transport}>`;
  }

  pinnedHop(hop: Hop, contact: string, routed: boolean): Hop | undefined {
    return !routed && unreachableFrom(hop, contact) ? hop : undefined;
  }

  entered(call: UacCall): void {
    this.#calls.add(call);
  }

  left(call: UacCall): void {
    this.#calls.delete(call);
  }

  #route(path: Path, go: (hop: Hop | undefined) => void): void {
    if (path.hop !== undefined) return go(path.hop);
    const hops = this.#network.resolve(path.uri);
    if (!(hops instanceof Promise)) return go(hops[0]);
    const later = (hop: Hop | undefined): void => {
      if (this.#phase === 'open') go(hop);
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
    if (request.headers.has('Via')) request.headers.set('Via', via);
    else request.headers.prepend('Via', via);
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

/** The user part of a URI of ours: what is not allowed there is percent-encoded. RFC 3261 §25.1. */
function escapeUser(user: string): string {
  return encodeURIComponent(user).replaceAll('%2B', '+');
}

export function createUserAgent(options: UserAgentOptions): UserAgent {
  return new Agent(options);
}
