/** An INVITE that came in: provisionals (reliable where wanted), the answer, the refusal, the caller giving up.
 * RFC 3261 §13.3, RFC 3262 §3, RFC 3311 §5.2. */
import { Emitter, Machine } from '../../base/index.ts';
import {
  type Agreement,
  allowsUpdate,
  coreOfRequest,
  type Dialog,
  type DialogCore,
  type DialogHost,
  type DialogReceiver,
  type ExtraHeader,
  keyOf,
  PendingRequest,
  type Reason,
  reasonOf,
  ReliableProvisionals,
  type Replier,
  retryAfter,
  sdpOf,
  sessionExpiresValue,
  SipDialog,
  infoPackages,
  supportedOptions,
  supports,
} from '../dialog/index.ts';
import {
  createResponse,
  header,
  type NameAddr,
  type Response,
  serialize,
  type SipRequest,
  type SipResponse,
} from '../message/index.ts';
import {
  lifetime,
  type ServerTransaction,
  type ServerUser,
  type Source,
  type TimerWheel,
} from '../transaction/index.ts';
import {
  type InvitationEffect,
  type InvitationEvent,
  type InvitationState,
  invitationTable,
} from './invitation-machine.ts';
import type { CallerIdentity, Invitation, LeftInvitation } from './types.ts';

export type InvitationStart = {
  readonly host: DialogHost;
  readonly request: SipRequest;
  readonly source: Source;
  readonly caller: CallerIdentity;
  readonly transaction: ServerTransaction;
  readonly tag: string;
  /** Our Contact value. */
  readonly contact: string;
  /** Answer down this path whatever the Contact says: the device is behind NAT. */
  readonly pinned: boolean;
  /** The session timer its 200 agrees on. */
  readonly agreement: Agreement | undefined;
};

type Progress = Parameters<Invitation['progress']>[0];
type Answer = Parameters<Invitation['accept']>[0];
type Refusal = Parameters<Invitation['reject']>[0];

const none: readonly PendingRequest[] = [];

/** Whose offer is unanswered, as far as provisionals and UPDATEs may know. RFC 3311 §5.1. */
type Offer = 'none' | 'theirs' | 'ours' | 'settled';

export class IncomingCall implements Invitation, DialogReceiver, ServerUser, Replier {
  /** One function for the machines of all of them: the context says whose effect it is. */
  static readonly #carryOut = (effect: InvitationEffect, call: IncomingCall): void => call.#perform(effect.type);
  readonly request: SipRequest;
  readonly source: Source;
  readonly caller: CallerIdentity;
  readonly offer: Buffer | undefined;
  readonly events: Invitation['events'] = new Emitter();
  readonly #host: DialogHost;
  readonly #transaction: ServerTransaction;
  readonly #core: DialogCore;
  readonly #key: string;
  readonly #machine: Machine<InvitationState, InvitationEvent, InvitationEffect, IncomingCall>;
  /** Seldom more than one. */
  #pending: readonly PendingRequest[] = none;
  readonly #agreement: Agreement | undefined;
  #reliable: ReliableProvisionals | undefined = undefined;
  #exchange: Offer;
  #dialog: SipDialog | undefined = undefined;
  #final: SipResponse | undefined = undefined;
  #reason: Reason | undefined = undefined;

  constructor(start: InvitationStart) {
    const { host, request, source, tag, contact, pinned } = start;
    this.#host = host;
    this.request = request;
    this.source = source;
    this.caller = start.caller;
    this.offer = sdpOf(request);
    this.#exchange = this.offer === undefined ? 'none' : 'theirs';
    this.#transaction = start.transaction;
    this.#transaction.user = this;
    this.#core = coreOfRequest(request, { tag, contact, hop: pinned ? source : undefined });
    this.#key = keyOf(this.#core);
    this.#agreement = start.agreement;
    this.#machine = new Machine({
      table: invitationTable,
      initial: 'open',
      context: this,
      perform: IncomingCall.#carryOut,
    });
    host.enter(this.#key, this);
  }

  get callId(): string {
    return this.request.callId;
  }
  get localTag(): string {
    return this.#core.localTag;
  }
  get from(): NameAddr {
    return this.request.from;
  }
  get to(): NameAddr {
    return this.request.to;
  }
  get state(): InvitationState {
    return this.#machine.state;
  }
  get wheel(): TimerWheel {
    return this.#host.wheel;
  }
  get patience(): number {
    return lifetime(this.#host.timers) * 0.9;
  }

  snapshot(): LeftInvitation {
    return { request: serialize(this.request).toString('base64'), source: this.source, localTag: this.localTag };
  }

  progress(options: Progress): void {
    if (this.state !== 'open') return;
    const { status, sdp } = options;
    if (status === 100) return void this.#transaction.respond(createResponse(this.request, 100));
    const response = this.#respond(status, options);
    if (!this.#wantsReliable(sdp)) return void this.#transaction.respond(response);
    if (sdp !== undefined) this.#exchange = this.#exchange === 'none' ? 'ours' : 'settled';
    response.headers.own(header.require, '100rel');
    this.#reliable ??= new ReliableProvisionals(
      this.#host,
      { transmit: (bytes) => void this.#transaction.respondBytes(status, bytes), onLost: () => this.#feed('lost') },
      { cseq: this.request.cseq.number, first: this.#host.random.integer(2 ** 31 - 2) },
    );
    this.#reliable.send((rseq) => {
      response.headers.set('RSeq', String(rseq));
      return serialize(response);
    });
  }

  accept(options: Answer): Dialog {
    if (this.state !== 'open') throw new Error(`the invitation is ${this.state} already`);
    const response = this.#respond(200, options);
    response.headers.own(header.supported, supportedOptions);
    response.headers.own(header.recvInfo, infoPackages);
    if (this.#agreement !== undefined) {
      response.headers.own(header.sessionExpires, sessionExpiresValue(this.#agreement, 'uas'));
      if (this.#agreement.refresher === 'remote') response.headers.own(header.require, 'timer');
    }
    this.#final = response;
    // It takes our place at the host.
    this.#dialog = new SipDialog({
      host: this.#host,
      core: this.#core,
      source: this.source,
      state: 'unacknowledged',
      callIdOurs: false,
      peerUpdates: allowsUpdate(this.request),
      sdp: options.sdp,
      agreement: this.#agreement,
      early: this,
    });
    this.#feed('accept');
    return this.#dialog;
  }

  reject(options: Refusal): void {
    if (this.state !== 'open') return;
    this.#final = this.#respond(Math.max(300, options.status), options);
    this.#feed('reject');
  }

  /** The caller gave up. §9.2. */
  cancel(reason: Reason | undefined): void {
    this.#reason = reason;
    this.#feed('cancel');
  }

  onFailure(reason: 'timeout' | 'transport'): void {
    if (reason === 'transport') this.#feed('cancel');
  }

  // The early dialog.

  receive(request: SipRequest, from: Source): void {
    const transaction = this.#host.serve(request, from);
    const say = (status: number, headers?: readonly ExtraHeader[]): void =>
      void transaction.respond(createResponse(request, status, undefined, headers === undefined ? {} : { headers }));
    if (request.cseq.number <= this.#core.remoteCSeq) return say(500);
    this.#core.remoteCSeq = request.cseq.number;
    switch (request.method) {
      case 'PRACK':
        return this.prack(request, transaction);
      case 'BYE':
        say(200);
        return this.cancel(reasonOf(request));
      case 'UPDATE':
        return this.#update(request, transaction, say);
      case 'OPTIONS':
        return say(200);
      case 'INVITE':
        // §14.2: the first one is not answered yet.
        return say(500, retryAfter(this.#host.random.integer(11)));
      default:
        return say(405, [['Allow', this.#host.allow]]);
    }
  }

  receiveAck(): void {
    // Nothing to acknowledge before the answer.
  }

  /** Also called by the dialog: the 200 may wait for this PRACK. */
  prack(request: SipRequest, transaction: ServerTransaction): void {
    const sdp = sdpOf(request);
    const reliable = this.#reliable;
    const offers = this.#exchange === 'ours';
    if (reliable === undefined || reliable.state !== 'waiting') {
      return void transaction.respond(createResponse(request, 481));
    }
    // A new offer in a PRACK (RFC 3262 §5) would need an answer at once: not taken.
    const status = sdp !== undefined && !offers ? 488 : 200;
    const known = reliable.acknowledge(request);
    transaction.respond(createResponse(request, known ? status : 481));
    if (!known || status !== 200) return;
    if (offers && sdp !== undefined) this.#exchange = 'settled';
    if (this.state === 'open') this.events.emit('prack', offers ? sdp : undefined);
  }

  complete(_: PendingRequest, response: SipResponse): void {
    response.headers.set('User-Agent', this.#host.userAgent);
    if (response.status < 300) response.headers.set('Contact', this.#core.contact);
  }

  replied(pending: PendingRequest, response: SipResponse): void {
    this.#pending = this.#pending.filter((each) => each !== pending);
    pending.transaction.respond(response);
  }

  drop(): void {
    this.#release();
  }

  #update(
    request: SipRequest,
    transaction: ServerTransaction,
    say: (status: number, headers?: readonly ExtraHeader[]) => void,
  ): void {
    if (sdpOf(request) === undefined) return say(200);
    // RFC 3311 §5.2: our offer is out: 491. Theirs is not answered: 500.
    if (this.#exchange === 'ours') return say(491);
    if (this.#exchange !== 'settled' || this.#pending.length > 0)
      return say(500, retryAfter(this.#host.random.integer(11)));
    const pending = new PendingRequest(this, request, transaction);
    this.#pending = [...this.#pending, pending];
    this.events.emit('update', pending);
  }

  #wantsReliable(sdp: Buffer | undefined): boolean {
    if (this.request.headers.lists(header.require, '100rel')) return true;
    return sdp !== undefined && supports(this.request, '100rel');
  }

  #respond(status: number, options: Omit<Progress, 'status'>): Response {
    const { reason, sdp, headers } = options;
    const response = createResponse(this.request, status, reason, {
      toTag: this.#core.localTag,
      body: sdp,
      contentType: sdp === undefined ? undefined : 'application/sdp',
    });
    if (status < 300) {
      response.headers.own(header.contact, this.#core.contact);
      response.headers.own(header.allow, this.#host.allow);
    }
    response.headers.own(header.userAgent, this.#host.userAgent);
    for (const [name, value] of headers ?? []) response.headers.append(name, value);
    return response;
  }

  #feed(type: InvitationEvent['type']): void {
    this.#machine.handle({ type });
  }

  #perform(effect: InvitationEffect['type']): void {
    switch (effect) {
      case 'holdAnswer':
        if (this.#reliable === undefined) return this.#feed('quiet');
        return this.#reliable.whenQuiet(() => this.#feed('quiet'));
      case 'sendAnswer':
        return this.#sendAnswer();
      case 'sendRefusal':
        if (this.#final !== undefined) this.#transaction.respond(this.#final);
        return;
      case 'send487':
        return void this.#transaction.respond(this.#respond(487, {}));
      case 'send504':
        return void this.#transaction.respond(this.#respond(504, {}));
      case 'killDialog':
        return this.#dialog?.kill(
          this.state === 'cancelled' ? { by: 'remote', reason: this.#reason } : { by: 'timeout' },
        );
      case 'tell':
        return this.events.emit('cancelled', this.#reason);
      case 'free':
        return this.#release();
    }
  }

  #sendAnswer(): void {
    if (this.#final === undefined) return;
    const bytes = serialize(this.#final);
    this.#dialog?.awaitAck(this.#transaction, bytes, this.request.cseq.number);
    this.#transaction.respondBytes(200, bytes);
    this.#reliable?.stop();
    this.#final = undefined;
    this.#transaction.user = undefined;
  }

  #release(): void {
    this.#reliable?.stop();
    for (const pending of this.#pending) pending.drop();
    this.#pending = none;
    // The transaction lingers for 32 s; we need not.
    this.#transaction.user = undefined;
    this.#host.leave(this.#key, this);
  }
}
