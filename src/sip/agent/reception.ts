/** Requests outside any dialog: refused, challenged, or let in to the invitation handler and the registrar.
 * RFC 3261 §8.2, §9.2, §10.3, §11.2; attacks B6, C1, C3, C4. */
import { type Log, messageOf } from '../../base/index.ts';
import { agreeAsServer, type DialogHost, type ExtraHeader, reasonOf, supportedOptions } from '../dialog/index.ts';
import { createResponse, header, quote, serialize, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Hop, ServerTransaction, Source, TransactionLayer } from '../transaction/index.ts';
import { type Admission, refuse } from './admission.ts';
import { Authenticator, type Verdict } from './authenticator.ts';
import { IncomingCall } from './invitation.ts';
import { KeptConnections } from './kept-connections.ts';
import { behindNat } from './nat.ts';
import type { Identification, Network, UserAgentOptions } from './options.ts';
import { Registrar } from './registrar.ts';
import { TurnedAway } from './turned-away.ts';
import type { CallerIdentity, Invitation } from './types.ts';

/** Weights of offences towards the ban of a source. */
const weights = { challenged: 1, stranger: 10, wrongPassword: 20 } as const;

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

export function methodsOf({ registrar }: UserAgentOptions): readonly string[] {
  return registrar === undefined ? baseMethods : [...baseMethods, 'REGISTER'];
}

/** What the reception needs of the agent. */
export interface FrontHost extends DialogHost {
  readonly log: Log;
  readonly draining: boolean;
  readonly closed: boolean;
  /** A device registered over this connection. */
  registered(request: SipRequest, from: Source): void;
  contactFor(hop: Hop, user: string | undefined, host: string | undefined, secure?: boolean): string;
}

/** How long whoever finds us draining is asked to stay away. */
const DRAINING_SECONDS = 60;

function retryAfter(seconds: number): readonly ExtraHeader[] {
  return [['Retry-After', String(seconds)]];
}

export class Reception {
  /** Who takes calls. */
  handler: ((invitation: Invitation) => void) | undefined = undefined;
  readonly #host: FrontHost;
  readonly #options: UserAgentOptions;
  readonly #network: Network;
  readonly #layer: TransactionLayer;
  readonly #admission: Admission;
  readonly #authenticator: Authenticator | undefined;
  readonly #registrar: Registrar | undefined;
  readonly #kept: KeptConnections;
  readonly #keepMs: number;
  readonly #statelessTag: string;
  readonly #turnedAway: TurnedAway;

  constructor(host: FrontHost, options: UserAgentOptions, parts: { layer: TransactionLayer; ownBranch: string }) {
    const { clock, random, log, network, credentials, registrar } = options;
    this.#host = host;
    this.#options = options;
    this.#network = network;
    this.#layer = parts.layer;
    this.#kept = new KeptConnections(network, clock, host.wheel);
    this.#keepMs = (registrar?.maxExpires ?? 3600) * 1000;
    this.#statelessTag = random.token(8);
    this.#turnedAway = new TurnedAway(clock);
    // Known, though refused outside a dialog: the answer must not tell a stranger more than 403 does.
    const methods = new Set([...methodsOf(options), 'SUBSCRIBE', 'PUBLISH']);
    this.#admission = { allow: host.allow, methods, ownBranch: parts.ownBranch };
    const nonceSeconds = options.nonceSeconds ?? 300;
    if (credentials !== undefined)
      this.#authenticator = new Authenticator({ clock, random, lookup: credentials, nonceSeconds });
    if (registrar !== undefined) {
      const alive = (connectionId: string): boolean => this.#network.alive?.(connectionId) !== false;
      this.#registrar = new Registrar(registrar, { clock, log, alive });
    }
  }

  /** A request outside a dialog, seen for the first time. */
  take(request: SipRequest, from: Source): void {
    const refusal = refuse(request, this.#admission);
    if (refusal !== undefined) return this.refuse(request, from, refusal.status, refusal.headers);
    if (this.#layer.merges(request)) return this.refuse(request, from, 482);
    if (request.method === 'OPTIONS') return this.#receiveOptions(request, from);
    this.#identify(request, from);
  }

  /** §9.2. */
  cancel(request: SipRequest, from: Source): void {
    const invite = this.#layer.cancelled(request);
    if (invite === undefined) return this.refuse(request, from, 481);
    const call = invite.user instanceof IncomingCall ? invite.user : undefined;
    const tag = call?.localTag ?? this.#tagFor(request);
    this.#layer.serve(request, from).respond(createResponse(request, 200, undefined, { toTag: tag }));
    call?.cancel(reasonOf(request));
  }

  #receiveOptions(request: SipRequest, from: Source): void {
    // §11.2: what an INVITE would get. Stateless, and short: nobody proved who he is.
    const away = this.#host.draining ? DRAINING_SECONDS : this.#options.door?.look();
    if (away !== undefined) return this.refuse(request, from, 503, retryAfter(away));
    this.refuse(request, from, 200, [
      ['Allow', this.#host.allow],
      ['Accept', 'application/sdp'],
      ['Supported', supportedOptions],
    ]);
  }

  #identify(request: SipRequest, from: Source): void {
    const who: Identification = this.#options.identify(request, from);
    if (who.kind === 'forbidden') return this.#stranger(request, from, who.why);
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
        this.#host.log.error({ fault: messageOf(fault) }, 'credentials could not be checked');
        transaction.respond(createResponse(request, 500));
      });
  }

  #judged(
    request: SipRequest,
    from: Source,
    judgement: { verdict: Verdict; realm: string },
    transaction: ServerTransaction | undefined,
  ): void {
    if (this.#host.closed) return;
    const { verdict, realm } = judgement;
    switch (verdict.kind) {
      case 'user':
        this.#network.good(from);
        return this.#welcome(request, from, verdict.identity, transaction);
      case 'challenge': {
        this.#network.offence(from, weights.challenged);
        const headers = this.#authenticator?.challenge(realm, verdict.stale, request.headers.get(header.userAgent));
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
    this.#answer(request, from, { status: 405, headers: [['Allow', this.#host.allow]] }, known);
  }

  #invited(request: SipRequest, from: Source, who: CallerIdentity, known: ServerTransaction | undefined): void {
    const away = this.#host.draining ? DRAINING_SECONDS : this.#crowded(request);
    if (away !== undefined) return this.#answer(request, from, { status: 503, headers: retryAfter(away) }, known);
    if (this.handler === undefined) return this.#answer(request, from, { status: 480 }, known);
    const agreement = agreeAsServer(request, this.#host.sessionTimer);
    if (agreement === 'tooSmall') {
      const headers: ExtraHeader[] = [['Min-SE', String(this.#host.sessionTimer.minimum)]];
      return this.#answer(request, from, { status: 422, headers }, known);
    }
    const transaction = known ?? this.#layer.serve(request, from);
    const call = new IncomingCall({
      host: this.#host,
      request,
      source: from,
      caller: who,
      transaction,
      tag: this.#host.random.token(12),
      contact: this.#contactFor(request, from, who),
      pinned: behindNat(request, from),
      agreement,
    });
    try {
      this.handler(call);
    } catch (fault) {
      this.#host.log.error({ fault: messageOf(fault), sipCallId: call.callId }, 'an invitation could not be taken');
      call.reject({ status: 500 });
    }
  }

  #contactFor(request: SipRequest, from: Source, who: CallerIdentity): string {
    const host = who.kind === 'teams' ? who.contactHost : undefined;
    return this.#host.contactFor(from, undefined, host, /^sips:/i.test(request.uri));
  }

  /** Seconds to stay away; undefined: there is room. One that takes a place in a call that stands needs none. */
  #crowded(request: SipRequest): number | undefined {
    const { door } = this.#options;
    if (door === undefined || request.headers.has(header.replaces)) return undefined;
    const again = !this.#turnedAway.empty && this.#turnedAway.has(this.#tagFor(request));
    const away = again ? (door.look() ?? 1) : door.enter();
    if (away !== undefined) this.#turnedAway.add(this.#tagFor(request));
    return away;
  }

  #registered(request: SipRequest, from: Source, who: CallerIdentity, known: ServerTransaction | undefined): void {
    // A carrier's gateway is no device of a user.
    if (this.#registrar === undefined || who.kind !== 'user')
      return this.#answer(request, from, { status: 403 }, known);
    const transaction = known ?? this.#layer.serve(request, from);
    this.#registrar.register(request, from, who).then(
      (reply) => {
        if (from.connectionId !== undefined && from.origin === undefined && reply.status === 200) {
          this.#kept.keep(from.connectionId, this.#keepMs);
          this.#host.registered(request, from);
        }
        this.#answer(request, from, reply, transaction);
      },
      (fault: unknown) => {
        this.#host.log.error({ fault: messageOf(fault) }, 'a REGISTER could not be stored');
        this.#answer(request, from, { status: 500 }, transaction);
      },
    );
  }

  #stranger(request: SipRequest, from: Source, why?: string): void {
    this.#network.offence(from, weights.stranger);
    this.refuse(request, from, 403, why === undefined ? undefined : [['Warning', `399 graine ${quote(why)}`]]);
  }

  #answer(
    request: SipRequest,
    from: Source,
    reply: { status: number; headers?: readonly ExtraHeader[] | undefined },
    transaction: ServerTransaction | undefined,
  ): void {
    if (transaction === undefined) return this.refuse(request, from, reply.status, reply.headers);
    transaction.respond(this.#response(request, reply.status, reply.headers));
  }

  /** Answers and forgets: a flood leaves nothing behind. §8.2.7. */
  refuse(request: SipRequest, from: Source, status: number, headers?: readonly ExtraHeader[]): void {
    this.#network.reply(serialize(this.#response(request, status, headers)), from);
  }

  #response(request: SipRequest, status: number, headers: readonly ExtraHeader[] | undefined): SipResponse {
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
}
