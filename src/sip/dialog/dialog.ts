/** A confirmed dialog: routes what the peer sends, sends what we ask, ends once. RFC 3261 §12 to §15. */
import { Emitter, Machine, messageOf } from '../../base/index.ts';
import {
  createResponse,
  header,
  parseUri,
  serialize,
  type SipRequest,
  type SipResponse,
  type SipUri,
} from '../message/index.ts';
import { lifetime, type ServerTransaction, type Source, type TimerWheel } from '../transaction/index.ts';
import { AwaitedAck } from './awaited-ack.ts';
import { ClientRequest } from './client-request.ts';
import { type DialogCore, followFlow, keyOf, refreshTarget, requestOf } from './core.ts';
import { type DialogEffect, type DialogEvent, type DialogState, dialogTable } from './dialog-machine.ts';
import { type ExchangeEffect, type ExchangeEvent, type ExchangeState, exchangeTable } from './exchange.ts';
import type { Authorizer, DialogHost, DialogReceiver } from './host.ts';
import { PendingRequest, type Replier, retryAfter, sdpOf } from './pending-request.ts';
import { reasonOf, reasonValue } from './reason.ts';
import { Reinvite, type ReinviteOptions, type ReinviteOwner } from './reinvite.ts';
import { type Agreement, agreedByServer, agreeAsServer, SessionTimer, sessionExpiresValue } from './session-timer.ts';
import {
  type Dialog,
  type DialogEnd,
  type DialogSnapshot,
  type ExtraHeader,
  type Reason,
  type RequestOptions,
  supportedOptions,
} from './types.ts';

export type DialogStart = {
  readonly host: DialogHost;
  readonly core: DialogCore;
  readonly source: Source | undefined;
  /** UAS starts waiting for the ACK. */
  readonly state: 'unacknowledged' | 'confirmed';
  /** We sent the first INVITE, so the Call-ID is ours. */
  readonly callIdOurs: boolean;
  /** The peer's Allow names UPDATE: refreshes need no offer. */
  readonly peerUpdates: boolean;
  readonly sdp?: Buffer | undefined;
  readonly agreement?: Agreement | undefined;
  /** Of a restored session: what is left of its interval. */
  readonly sessionLeftMs?: number;
  readonly authorizer?: Authorizer | undefined;
  /** Takes the PRACK that comes after the answer was decided. */
  readonly early?: { prack(request: SipRequest, transaction: ServerTransaction): void };
};

/** Something of ours that waits for its turn; `drop` when the dialog ended first. */
type Turn = { readonly go: () => void; readonly drop: () => void };

type Ended = Pick<DialogEnd, 'by'> & Partial<DialogEnd>;

const none: readonly PendingRequest[] = [];

export class SipDialog implements Dialog, DialogReceiver, ReinviteOwner, Replier {
  /** One function for the machines of all of them: the context says whose effect it is. */
  static readonly #live = (effect: DialogEffect, dialog: SipDialog): void => dialog.#perform(effect);
  static readonly #trade = (effect: ExchangeEffect, dialog: SipDialog): void => dialog.#decide(effect);
  readonly events: Dialog['events'] = new Emitter();
  readonly host: DialogHost;
  readonly core: DialogCore;
  readonly source: Source | undefined;
  readonly callIdOurs: boolean;
  readonly authorizer: Authorizer | undefined;
  readonly #key: string;
  readonly #life: Machine<DialogState, DialogEvent, DialogEffect, SipDialog>;
  readonly #exchange: Machine<ExchangeState, ExchangeEvent, ExchangeEffect, SipDialog>;
  readonly #sessionTimer: SessionTimer;
  readonly #peerUpdates: boolean;
  #early: DialogStart['early'];
  /** Seldom more than one. */
  #pending: readonly PendingRequest[] = none;
  readonly #waiting: Turn[] = [];
  #awaited: AwaitedAck | undefined = undefined;
  /** The ACK of a 200 of ours that carried an offer brings the answer. */
  #sdp: Buffer | undefined;
  #byeOptions: { headers?: readonly ExtraHeader[]; reason?: Reason } = {};
  /** What `came` and `want` are about while their machine decides. */
  #arriving: PendingRequest | undefined = undefined;
  #wanting: Turn | undefined = undefined;

  constructor(start: DialogStart) {
    this.host = start.host;
    this.core = start.core;
    this.source = start.source;
    this.callIdOurs = start.callIdOurs;
    this.authorizer = start.authorizer;
    this.#peerUpdates = start.peerUpdates;
    this.#sdp = start.sdp;
    this.#early = start.early;
    this.#key = keyOf(start.core);
    const fresh = start.state === 'unacknowledged';
    this.#life = new Machine({
      table: dialogTable,
      initial: start.state,
      context: this,
      perform: SipDialog.#live,
    });
    this.#exchange = new Machine({
      table: exchangeTable,
      initial: fresh ? 'unacknowledged' : 'idle',
      context: this,
      perform: SipDialog.#trade,
    });
    this.#sessionTimer = new SessionTimer(start.host.clock, start.host.wheel, this);
    this.#sessionTimer.start(start.agreement, start.sessionLeftMs);
    this.host.enter(this.#key, this);
  }

  get callId(): string {
    return this.core.callId;
  }
  get localTag(): string {
    return this.core.localTag;
  }
  get remoteTag(): string {
    return this.core.remoteTag;
  }
  get remoteTarget(): SipUri {
    return parseUri(this.core.remoteTarget) ?? { scheme: 'sip', host: '', params: new Map() };
  }
  get state(): DialogState {
    return this.#life.state;
  }
  get wheel(): TimerWheel {
    return this.host.wheel;
  }
  get patience(): number {
    return lifetime(this.host.timers) * 0.9;
  }

  /** Our 2xx to an INVITE went out on this transaction: send it until the ACK comes. */
  awaitAck(transaction: ServerTransaction, bytes: Buffer, cseq: number): void {
    this.#awaited?.stop();
    this.#awaited = new AwaitedAck(this.host, this, { transaction, bytes, cseq });
  }

  /** The 200 that made this dialog carried this. */
  set sdp(sdp: Buffer | undefined) {
    this.#sdp = sdp;
  }

  // What the peer sends.

  receive(request: SipRequest, from: Source): void {
    const transaction = this.host.serve(request, from);
    if (request.cseq.number <= this.core.remoteCSeq) {
      // §12.2.2: out of order.
      return void transaction.respond(createResponse(request, 500, 'CSeq Out Of Order'));
    }
    this.core.remoteCSeq = request.cseq.number;
    followFlow(this.core, from);
    if (request.method === 'BYE') return this.#receiveBye(request, transaction);
    if (this.state === 'ending' || this.state === 'ended') {
      return void transaction.respond(createResponse(request, 481));
    }
    if (request.method === 'PRACK') return this.#receivePrack(request, transaction);
    this.#receiveOther(request, transaction);
  }

  receiveAck(request: SipRequest): void {
    if (this.#awaited?.cseq !== request.cseq.number) return;
    this.#awaited.stop();
    this.#awaited = undefined;
    this.#early = undefined;
    this.#life.handle({ type: 'ack' });
    if (this.state === 'ending' || this.state === 'ended') return;
    this.#exchange.handle({ type: 'acknowledged' });
    this.events.emit('acknowledged', sdpOf(request));
  }

  #receivePrack(request: SipRequest, transaction: ServerTransaction): void {
    if (this.#early !== undefined) this.#early.prack(request, transaction);
    else transaction.respond(createResponse(request, 481));
  }

  #receiveBye(request: SipRequest, transaction: ServerTransaction): void {
    transaction.respond(createResponse(request, 200));
    this.#end('remoteBye', { by: 'remote', reason: reasonOf(request), request });
  }

  #receiveOther(request: SipRequest, transaction: ServerTransaction): void {
    const pending = new PendingRequest(this, request, transaction);
    this.#pending = [...this.#pending, pending];
    const refresh = request.method === 'INVITE' || request.method === 'UPDATE';
    if (!refresh) return this.events.emit('request', pending);
    if (agreeAsServer(request, this.host.sessionTimer) === 'tooSmall') {
      return pending.reply({ status: 422, headers: [['Min-SE', String(this.host.sessionTimer.minimum)]] });
    }
    refreshTarget(this.core, request);
    // An UPDATE without an offer only refreshes the session or the target: nothing to ask anybody.
    if (request.method === 'UPDATE' && pending.sdp === undefined) return pending.reply({ status: 200 });
    this.#arriving = pending;
    this.#exchange.handle({ type: 'came' });
  }

  // Replies to the peer.

  complete(pending: PendingRequest, response: SipResponse): void {
    const { headers } = response;
    headers.set('User-Agent', this.host.userAgent);
    if (pending.method !== 'INVITE' && pending.method !== 'UPDATE') return;
    if (response.status >= 300) return;
    headers.set('Contact', this.core.contact);
    headers.set('Allow', this.host.allow);
    if (response.status < 200) return;
    const agreement = agreeAsServer(pending.request, this.host.sessionTimer);
    if (agreement === 'tooSmall') return;
    if (agreement !== undefined) {
      headers.set('Session-Expires', sessionExpiresValue(agreement, 'uas'));
      if (agreement.refresher === 'remote') headers.set('Require', 'timer');
    }
    this.#sessionTimer.start(agreement);
  }

  replied(pending: PendingRequest, response: SipResponse): void {
    this.#pending = this.#pending.filter((each) => each !== pending);
    const ok = response.status < 300;
    if (pending.method === 'INVITE' && ok) {
      const bytes = serialize(response);
      pending.transaction.respondBytes(response.status, bytes);
      if (response.body.length > 0) this.#sdp = response.body;
      this.awaitAck(pending.transaction, bytes, pending.request.cseq.number);
      this.#exchange.handle({ type: 'accepted' });
      return;
    }
    pending.transaction.respond(response);
    if (pending !== this.#arriving) return;
    this.#arriving = undefined;
    if (ok && response.body.length > 0) this.#sdp = response.body;
    this.#exchange.handle({ type: 'settled' });
  }

  // What we send.

  reinvite(options: ReinviteOptions): Promise<SipResponse> {
    return new Promise((resolve) => {
      const attempt = new Reinvite(this, options, resolve);
      this.whenFree(
        () => void attempt.send(),
        () => resolve(this.#gone('INVITE')),
      );
    });
  }

  request(method: string, options: RequestOptions = {}): Promise<SipResponse> {
    return new Promise((resolve) => {
      if (method !== 'UPDATE' || options.body === undefined) {
        return new ClientRequest(this, method, options, resolve).send();
      }
      // An offer: takes its turn with re-INVITEs. RFC 3311 §5.1.
      const go = (): void => {
        new ClientRequest(this, method, options, (response) => {
          if (response.status < 300) this.renewed(response, options.body);
          this.settle();
          resolve(response);
        }).send();
      };
      this.whenFree(go, () => resolve(this.#gone(method)));
    });
  }

  bye(options: { headers?: readonly ExtraHeader[]; reason?: Reason } = {}): void {
    this.#byeOptions = options;
    this.#end('hangup', { by: 'local', reason: options.reason });
  }

  async showContact(): Promise<SipResponse> {
    const byInvite = () => this.reinvite(this.#sdp === undefined ? {} : { sdp: this.#sdp });
    if (!this.#peerUpdates) return byInvite();
    const agreement = this.#sessionTimer.agreement;
    const timer = agreement === undefined ? [] : [['Session-Expires', sessionExpiresValue(agreement, 'uac')] as const];
    const response = await this.request('UPDATE', { headers: [['Supported', 'timer'], ...timer] });
    if (response.status === 405 || response.status === 501) return byInvite();
    if (response.status < 300) this.renewed(response, undefined);
    return response;
  }

  abandon(): void {
    this.#life.handle({ type: 'abandon' });
  }

  snapshot(): DialogSnapshot {
    const { core } = this;
    const agreement = this.#sessionTimer.agreement;
    return {
      callId: core.callId,
      localTag: core.localTag,
      remoteTag: core.remoteTag,
      localCSeq: core.localCSeq,
      remoteCSeq: core.remoteCSeq,
      localUri: core.local,
      remoteUri: core.remote,
      remoteTarget: core.remoteTarget,
      routeSet: core.routeSet,
      secure: core.secure,
      contact: core.contact,
      ...(core.hop === undefined ? {} : { hop: core.hop }),
      callIdOurs: this.callIdOurs,
      peerUpdates: this.#peerUpdates,
      ...(this.#sdp === undefined ? {} : { sdp: this.#sdp.toString() }),
      ...(agreement === undefined
        ? {}
        : { sessionExpires: { ...agreement, deadline: this.host.clock.now() + this.#sessionTimer.left } }),
    };
  }

  // Called by the pieces.

  judge(response: SipResponse, by: 'response' | 'timeout' | 'transport'): void {
    if (by === 'transport') this.#end('dead', { by: 'transport' });
    else if (response.status === 481) this.#end('gone', { by: 'timeout' });
    else if (response.status === 408) this.#end('dead', { by: 'timeout' });
  }

  decorate(request: SipRequest): void {
    const { headers } = request;
    headers.append('User-Agent', this.host.userAgent);
    headers.append('Allow', this.host.allow);
    headers.append('Supported', supportedOptions);
    const agreement = this.#sessionTimer.agreement;
    if (agreement !== undefined) headers.append('Session-Expires', sessionExpiresValue(agreement, 'uac'));
  }

  settle(): void {
    this.#exchange.handle({ type: 'settled' });
  }

  whenFree(go: () => void, drop: () => void): void {
    if (this.state !== 'confirmed' && this.state !== 'unacknowledged') return drop();
    this.#wanting = { go, drop };
    this.#exchange.handle({ type: 'want' });
  }

  /** What a request gets that the dialog did not live to send. */
  #gone(method: string): SipResponse {
    return createResponse(requestOf(this.core, method, this.core.localCSeq), 481);
  }

  renewed(response: SipResponse, ourSdp: Buffer | undefined): void {
    refreshTarget(this.core, response);
    if (ourSdp !== undefined) this.#sdp = ourSdp;
    this.#sessionTimer.start(agreedByServer(response));
  }

  onNoAck(): void {
    this.#awaited = undefined;
    this.#exchange.handle({ type: 'settled' });
    this.#end('noAck', { by: 'timeout' });
  }

  onRefresh(): void {
    if (this.state !== 'confirmed') return;
    const agreement = this.#sessionTimer.agreement;
    if (!this.#peerUpdates || agreement === undefined) return this.#refreshByInvite();
    const headers: ExtraHeader[] = [
      ['Supported', 'timer'],
      ['Session-Expires', sessionExpiresValue(agreement, 'uac')],
    ];
    new ClientRequest(this, 'UPDATE', { headers }, (response) => {
      const { status } = response;
      if (status < 300) this.renewed(response, undefined);
      else if (status === 405 || status === 501) this.#refreshByInvite();
      else if (this.state === 'confirmed') this.#sessionTimer.retry();
    }).send();
  }

  /** The same SDP as before: o= has not moved, so the peer should change nothing (RFC 4028 §7.4). Some do, and name a new
   * key or port: whoever has the session hears of it. */
  #refreshByInvite(): void {
    void this.reinvite(this.#sdp === undefined ? {} : { sdp: this.#sdp }).then((response) => {
      if (this.state !== 'confirmed') return;
      if (response.status >= 300) return this.#sessionTimer.retry();
      const answer = sdpOf(response);
      if (answer !== undefined && this.#sdp !== undefined) this.events.emit('refreshed', answer);
    });
  }

  onExpired(): void {
    this.#end('dead', { by: 'timeout' });
  }

  /** The INVITE that was to make this dialog failed after all: there is nobody to say BYE to. */
  kill(end: Ended): void {
    this.#end('gone', end);
  }

  drop(): void {
    this.#free();
  }

  #end(type: 'hangup' | 'remoteBye' | 'noAck' | 'dead' | 'gone', end: Ended): void {
    const { by, reason, request } = end;
    this.#life.handle({ type, end: { by, reason, request } });
  }

  #perform(effect: DialogEffect): void {
    switch (effect.type) {
      case 'sendBye':
        return this.#sendBye();
      case 'notify':
        this.#stop();
        return this.events.emit('ended', effect.end);
      case 'free':
        return this.#free();
    }
  }

  #decide(effect: ExchangeEffect): void {
    const arriving = this.#arriving;
    switch (effect.type) {
      case 'go':
        return this.#wanting === undefined ? undefined : this.#take(this.#wanting);
      case 'queue':
        if (this.#wanting !== undefined) this.#waiting.push(this.#wanting);
        return;
      case 'deliver':
        if (arriving !== undefined) this.events.emit('reinvite', arriving);
        return;
      case 'glare':
      case 'busy': {
        this.#arriving = undefined;
        const busy = effect.type === 'busy';
        const headers = busy ? retryAfter(this.host.random.integer(11)) : undefined;
        return arriving?.reply({ status: busy ? 500 : 491, ...(headers === undefined ? {} : { headers }) });
      }
      case 'next': {
        const next = this.#waiting.shift();
        if (next !== undefined) this.whenFree(next.go, next.drop);
        return;
      }
    }
  }

  #take(turn: Turn): void {
    try {
      turn.go();
    } catch (fault) {
      // A header that may not leave (attack D1): nothing was sent, and the next may go.
      this.host.log.warn(
        { sipCallId: this.callId, fault: messageOf(fault) },
        'a request in a dialog could not be sent',
      );
      turn.drop();
      this.settle();
    }
  }

  #sendBye(): void {
    const { headers = [], reason } = this.#byeOptions;
    const all = reason === undefined ? headers : [...headers, ['Reason', reasonValue(reason)] as const];
    const done = (): void => void this.#life.handle({ type: 'byeDone' });
    try {
      new ClientRequest(this, 'BYE', { headers: all }, done).send();
    } catch (fault) {
      this.host.log.warn({ sipCallId: this.callId, fault: messageOf(fault) }, 'a BYE had to leave without its headers');
      new ClientRequest(this, 'BYE', {}, done).send();
    }
  }

  /** Nothing may happen in the session any more; the dialog may still have to say BYE. */
  #stop(): void {
    this.#sessionTimer.stop();
    for (const { drop } of this.#waiting.splice(0)) drop();
    for (const pending of this.#pending) pending.reply({ status: pending.method === 'INVITE' ? 487 : 481 });
  }

  #free(): void {
    this.#awaited?.stop();
    this.#awaited = undefined;
    this.#sessionTimer.stop();
    for (const { drop } of this.#waiting.splice(0)) drop();
    for (const pending of this.#pending) pending.drop();
    this.host.leave(this.#key, this);
  }
}

/** The peer's Allow of a request or response. */
export function allowsUpdate(message: SipRequest | SipResponse): boolean {
  return message.headers.lists(header.allow, 'update');
}
