/** An INVITE we send: attempts over hops, credentials, forks, CANCEL, and exactly one end. RFC 3261 §13.2, §9.1,
 * RFC 3263 §4.3, RFC 3262, RFC 4028. */
import { Emitter, Machine, messageOf } from '../../base/index.ts';
import {
  type Authorizer,
  agreedByServer,
  allowsUpdate,
  answerTo,
  type DialogHost,
  type InviteFacts,
  minimumOf,
  type Reason,
  reasonValue,
  sdpOf,
  SipDialog,
  uriText,
} from '../dialog/index.ts';
import { header, serialize, tagOf, type SipRequest, type SipResponse } from '../message/index.ts';
import { type ClientTransaction, type ClientUser, type Hop, lifetime, type WheelTimer } from '../transaction/index.ts';
import { EarlyFork } from './early-fork.ts';
import { InviteAnswers, maxForks } from './invite-answers.ts';
import { InviteBuilder } from './invite-builder.ts';
import { type OutgoingEffect, type OutgoingEvent, type OutgoingState, outgoingTable } from './outgoing-machine.ts';
import type { Failure, InviteOptions, LeftCall, OutgoingCall } from './types.ts';

/** What an outgoing call needs of the agent beyond what dialogs do. */
export interface CallHost extends DialogHost {
  resolve(uri: string): readonly Hop[] | Promise<readonly Hop[]>;
  /** Our Contact value as seen from this hop; `secure`: sips. */
  contactFor(hop: Hop, user: string | undefined, host: string | undefined, secure?: boolean): string;
  /** Sends in a transaction of its own, now; writes its Via. */
  transact(request: SipRequest, hop: Hop, user: ClientUser): ClientTransaction;
  /** A CANCEL shares the Via of its INVITE. */
  transactAsIs(request: SipRequest, hop: Hop, user: ClientUser): ClientTransaction;
  /** Where requests of a dialog must go in spite of the peer's Contact; undefined: where that says. */
  pinnedHop(hop: Hop, contact: string, routed: boolean): Hop | undefined;
  entered(call: UacCall): void;
  left(call: UacCall): void;
}

const silent: ClientUser = { onResponse: () => {}, onFailure: () => {} };

export class UacCall implements OutgoingCall, ClientUser {
  /** One function for the machines of all of them: the context says whose effect it is. */
  static readonly #carryOut = (effect: OutgoingEffect, call: UacCall): void => call.#perform(effect);
  readonly callId: string;
  readonly events: OutgoingCall['events'] = new Emitter();
  readonly #host: CallHost;
  readonly #options: InviteOptions;
  readonly #authorizer: Authorizer | undefined;
  readonly #builder: InviteBuilder;
  readonly #machine: Machine<OutgoingState, OutgoingEvent, OutgoingEffect, UacCall>;
  /** By To tag, of those that asked something of us. */
  #forks: Map<string, EarlyFork> | undefined = undefined;
  /** By To tag, how our offer was answered before the 2xx, which then may have none. */
  #early: Map<string, Buffer> | undefined = undefined;
  #answers: InviteAnswers | undefined = undefined;
  #hops: readonly Hop[] = [];
  #at = 0;
  #contact = '';
  #request: SipRequest | undefined = undefined;
  #facts: InviteFacts | undefined = undefined;
  #transaction: ClientTransaction | undefined = undefined;
  #reason: Reason | undefined = undefined;
  #giveUp: WheelTimer | undefined = undefined;
  #challenges = 0;
  /** The highest provisional of this attempt: above 100 somebody rings. */
  #highest = 0;
  #lastFailure: SipResponse | undefined = undefined;

  constructor(host: CallHost, options: InviteOptions, authorizer: Authorizer | undefined) {
    this.#host = host;
    this.#options = options;
    this.#authorizer = authorizer;
    this.callId = options.callId ?? host.random.token(24);
    this.#builder = new InviteBuilder(options, this.callId, host.random.token(12));
    this.#machine = new Machine({
      table: outgoingTable,
      initial: 'idle',
      context: this,
      perform: UacCall.#carryOut,
    });
  }

  get state(): OutgoingState {
    return this.#machine.state;
  }

  /** Finds the hops and sends. Apart from the constructor, so that the caller can listen first. */
  start(): void {
    this.#host.entered(this);
    try {
      const { hops: given, nextHop, route, uri } = this.#options;
      const way = nextHop ?? (route?.includes('<') === true ? uriText(route) : (route ?? uri));
      const hops = given ?? this.#host.resolve(way);
      if (!(hops instanceof Promise)) return this.#begin(hops);
      hops.then(
        (found) => this.#begin(found),
        () => this.#begin([]),
      );
    } catch (fault) {
      this.#unreachable('transport', 400, messageOf(fault));
    }
  }

  snapshot(): LeftCall | undefined {
    const hop = this.#hops[this.#at];
    if (this.#request === undefined || hop === undefined) return undefined;
    return { request: serialize(this.#request).toString('base64'), hop };
  }

  /** Takes an INVITE of another process up: to the far end it is a retransmission. `rang`: it has said so; its responses may
   * go to an address of that process, so that none comes here. */
  retake(request: SipRequest, hop: Hop, rang: boolean): void {
    this.#host.entered(this);
    this.#hops = [hop];
    this.#builder.cseq = request.cseq.number;
    this.#request = request;
    this.#contact = request.headers.get(header.contact) ?? '';
    this.#facts = { ...this.#builder.facts(request, undefined), localTag: tagOf(request.from) ?? '' };
    const [host, facts, contact] = [this.#host, this.#facts, this.#contact];
    this.#answers = new InviteAnswers({ host, facts, contact, authorizer: undefined, pinned: () => hop });
    this.#machine.handle({ type: 'sent' });
    this.#transaction = this.#host.transactAsIs(request, hop, this);
    if (rang) this.#machine.handle({ type: 'provisional' });
  }

  cancel(reason?: Reason): void {
    this.#reason ??= reason;
    this.#machine.handle({ type: 'cancel' });
  }

  onResponse(response: SipResponse): void {
    if (response.cseq.number !== this.#builder.cseq) return;
    if (response.status < 200) return this.#progress(response);
    if (response.status < 300) return void this.#machine.handle({ type: 'success', response });
    if (this.#mended(response)) return;
    this.#machine.handle({ type: 'refused', response });
  }

  onFailure(reason: 'timeout' | 'transport'): void {
    if (this.#nextHop()) return;
    if (this.#lastFailure !== undefined && reason === 'transport') {
      return void this.#machine.handle({ type: 'refused', response: this.#lastFailure });
    }
    this.#unreachable(reason, reason === 'timeout' ? 408 : this.#flow === undefined ? 503 : 480, undefined);
  }

  /** The device this rings at was reached over a connection, and that is gone: nobody can answer any more. */
  flowClosed(connectionId: string): void {
    if (this.#flow !== connectionId || this.#transaction === undefined) return;
    this.#transaction.abandon();
    this.onFailure('transport');
  }

  /** RFC 3261 §26.2.2, RFC 5630 §5.1.1: sips is never sent in the clear, and its Contact is sips. */
  get #secure(): boolean {
    return /^sips:/i.test(this.#options.uri);
  }

  get #flow(): string | undefined {
    return this.#hops[this.#at]?.connectionId;
  }

  onTimer(): void {
    this.#machine.handle({ type: 'giveUp' });
  }

  /** The agent closes: nothing is sent any more. */
  drop(): void {
    this.#giveUp?.cancel();
    this.#transaction?.abandon();
    this.#dropForks();
  }

  #begin(hops: readonly Hop[]): void {
    if (this.state !== 'idle') return;
    this.#hops = this.#secure ? hops.filter((hop) => hop.transport === 'tls' || hop.transport === 'wss') : hops;
    try {
      if (this.#hops.length === 0) this.#unreachable('transport', 503, 'no hop');
      else this.#attempt(undefined);
    } catch (fault) {
      // A header or URI that must not leave (attack D1).
      this.#unreachable('transport', 400, messageOf(fault));
    }
  }

  #attempt(challenge: SipResponse | undefined): boolean {
    const hop = this.#hops[this.#at];
    if (hop === undefined) return false;
    const { contactUser, contactHost } = this.#options;
    this.#contact = this.#host.contactFor(hop, contactUser, contactHost, this.#secure);
    const request = this.#builder.build(this.#host, this.#contact);
    if (challenge !== undefined && this.#authorizer?.authorize(request, challenge) !== true) return false;
    this.#dropForks();
    this.#request = request;
    this.#facts = this.#builder.facts(request, hop.host);
    this.#answers = new InviteAnswers({
      host: this.#host,
      authorizer: this.#authorizer,
      facts: this.#facts,
      contact: this.#contact,
      pinned: pinning(this.#host, hop, this.#options.pinned === true),
    });
    this.#highest = 0;
    this.#machine.handle({ type: 'sent' });
    this.#transaction = this.#host.transact(request, hop, this);
    this.events.emit('sent', request, hop);
    return true;
  }

  /** Whether another attempt was made instead of giving this response up. */
  #mended(response: SipResponse): boolean {
    if (this.state !== 'calling' && this.state !== 'proceeding') return false;
    const { status } = response;
    if (status === 401 || status === 407) {
      if (this.#authorizer === undefined || this.#challenges >= 2) return false;
      this.#challenges += 1;
      this.#builder.cseq += 1;
      return this.#attempt(response);
    }
    if (status === 422 && this.#builder.minimum === undefined) {
      this.#builder.minimum = Math.max(minimumOf(response), this.#host.sessionTimer.minimum);
      this.#builder.cseq += 1;
      return this.#attempt(undefined);
    }
    if (status !== 503) return false;
    this.#lastFailure = response;
    return this.#nextHop();
  }

  /** RFC 3263 §4.3: the same request to the next hop, unless somebody rings already. */
  #nextHop(): boolean {
    if (this.state !== 'calling' && !(this.state === 'proceeding' && this.#highest <= 100)) return false;
    if (this.#at + 1 >= this.#hops.length) return false;
    this.#at += 1;
    return this.#attempt(undefined);
  }

  #progress(response: SipResponse): void {
    this.#highest = Math.max(this.#highest, response.status);
    this.#machine.handle({ type: 'provisional' });
    if (response.status === 100 || (this.state !== 'calling' && this.state !== 'proceeding')) return;
    const fork = tagOf(response.to) ?? '';
    if (!this.#follow(fork, response)) return;
    const { status, reason } = response;
    const sdp = sdpOf(response);
    if (sdp !== undefined && this.#options.sdp !== undefined) this.#answeredEarly(fork, sdp);
    this.events.emit('progress', { status, reason, sdp, fork, response });
  }

  /** RFC 3261 §13.2.1: the first description is the answer. A 2xx after a reliable 18x has none of its own (RFC 3262 §5),
   * and there are far ends that leave it out after a plain one too. */
  #answeredEarly(fork: string, sdp: Buffer): void {
    this.#early ??= new Map();
    if (this.#early.size < maxForks || this.#early.has(fork)) this.#early.set(fork, sdp);
  }

  /** Keeps the early dialog of a fork; false when the response is a repetition. */
  #follow(tag: string, response: SipResponse): boolean {
    const hop = this.#hops[this.#at];
    if (tag === '' || this.#facts === undefined || hop === undefined) return true;
    const reliable = response.headers.lists(header.require, '100rel');
    let fork = this.#forks?.get(tag);
    // Only a reliable provisional asks something of us; a plain 180 needs no dialog kept.
    if (fork === undefined && !reliable) return true;
    if (fork === undefined) {
      this.#forks ??= new Map();
      if (this.#forks.size >= maxForks) return false;
      fork = new EarlyFork(
        {
          sender: { host: this.#host, authorizer: this.#authorizer },
          invite: this.#facts,
          lateOffer: this.#options.sdp === undefined,
          contact: this.#contact,
          hop: pinning(this.#host, hop, this.#options.pinned === true)(response),
          answer: this.#options.answer,
        },
        response,
      );
      this.#forks.set(tag, fork);
    }
    return reliable ? fork.acknowledge(response) : true;
  }

  #perform(effect: OutgoingEffect): void {
    switch (effect.type) {
      case 'sendCancel':
        return this.#sendCancel();
      case 'abandon':
        return this.#transaction?.abandon();
      case 'answer':
        return this.#answer(effect.response);
      case 'another':
        return this.#answers?.onResponse(effect.response);
      case 'dismiss':
        return this.#dismiss(effect.response);
      case 'fail': {
        const { by, status } = effect;
        return this.#fail({
          by,
          status,
          reason:
            by === 'timeout' ? 'Request Timeout' : status === 480 ? 'Temporarily Unavailable' : 'Service Unavailable',
          response: undefined,
        });
      }
      case 'failResponse':
        return this.#failResponse(effect.response);
      case 'failCancelled':
        return this.#fail({ by: 'cancelled', status: 487, reason: 'Request Terminated', response: effect.response });
    }
  }

  #sendCancel(): void {
    const hop = this.#hops[this.#at];
    if (this.#request === undefined || hop === undefined) return;
    const cancel = this.#builder.cancel(
      this.#request,
      this.#reason === undefined ? undefined : reasonValue(this.#reason),
    );
    this.#giveUp = this.#host.wheel.after(lifetime(this.#host.timers), this, 'cancelled INVITE');
    this.#host.transactAsIs(cancel, hop, silent);
  }

  #answer(response: SipResponse): void {
    const tag = tagOf(response.to) ?? '';
    const early = this.#forks?.get(tag);
    const answers = this.#answers;
    if (answers === undefined) return;
    const core = answers.coreOf(response, early?.core);
    const offer = sdpOf(response) ?? this.#early?.get(tag);
    const late = this.#options.sdp === undefined && early?.answered !== 'inPrack' && offer !== undefined;
    const answer = late ? answerTo(offer, this.#options.answer, this.#host) : undefined;
    answers.acknowledge(core, answer);
    this.#dropForks();
    const dialog = new SipDialog({
      host: this.#host,
      core,
      source: undefined,
      state: 'confirmed',
      callIdOurs: true,
      peerUpdates: allowsUpdate(response),
      sdp: this.#options.sdp ?? answer,
      agreement: agreedByServer(response),
      authorizer: this.#authorizer,
    });
    this.#end();
    this.events.emit('answered', dialog, offer, response);
  }

  #dismiss(response: SipResponse): void {
    const answers = this.#answers;
    if (answers === undefined) return;
    answers.reason = this.#reason;
    answers.dismiss(answers.coreOf(response, this.#forks?.get(tagOf(response.to) ?? '')?.core));
  }

  #failResponse(response: SipResponse): void {
    const { status, reason } = response;
    const failure: Failure = { status, reason, by: 'response', response };
    if (status >= 400) return this.#fail(failure);
    this.#fail({ ...failure, contacts: response.headers.all(header.contact).map(uriText) });
  }

  #fail(failure: Failure): void {
    this.#dropForks();
    this.#end();
    this.events.emit('failed', failure);
  }

  #unreachable(by: 'timeout' | 'transport', status: number, why: string | undefined): void {
    if (why !== undefined) this.#host.log.warn({ sipCallId: this.callId, why }, 'an INVITE could not be sent');
    this.#machine.handle({ type: 'unreachable', by, status });
  }

  #dropForks(): void {
    this.#early = undefined;
    if (this.#forks === undefined) return;
    for (const fork of this.#forks.values()) fork.drop();
    this.#forks = undefined;
  }

  #end(): void {
    this.#giveUp?.cancel();
    // The transaction listens for late answers for 32 s; we, and all we hold, need not.
    if (this.#answers !== undefined) this.#transaction?.handOver(this.#answers);
    this.#host.left(this);
  }
}

/** A function of its own, so that it holds nothing of the call. */
function pinning(host: CallHost, hop: Hop, always: boolean): (response: SipResponse) => Hop | undefined {
  return ({ headers }) =>
    always ? hop : host.pinnedHop(hop, headers.get(header.contact) ?? '', headers.has(header.recordRoute));
}
