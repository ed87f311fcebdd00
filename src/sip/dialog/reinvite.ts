/** A re-INVITE of ours: ACK inside, one retry after a glare, repeated 2xx acknowledged again. RFC 3261 §14.1. */
import { messageOf } from '../../base/index.ts';
import { createResponse, header, type SipRequest, type SipResponse } from '../message/index.ts';
import type { ClientUser } from '../transaction/index.ts';
import type { Sender } from './client-request.ts';
import { pathOf, refreshTarget, requestOf } from './core.ts';
import type { DialogHost, SentAck } from './host.ts';
import type { ExtraHeader, Glare } from './types.ts';

export type ReinviteOptions = {
  readonly sdp?: Buffer;
  readonly headers?: readonly ExtraHeader[];
  readonly answer?: (offer: Buffer) => Buffer;
  readonly glare?: Glare;
};

export interface ReinviteOwner extends Sender {
  /** Whether we made the Call-ID, which decides the wait after a 491. */
  readonly callIdOurs: boolean;
  /** Adds what session timers and capabilities ask for. */
  decorate(request: SipRequest): void;
  /** The exchange is over (for now): the next may go. */
  settle(): void;
  /** Calls back when the exchange is ours again, or `drop` when the dialog ends before. */
  whenFree(go: () => void, drop: () => void): void;
  /** A 2xx: target and session timer are renewed, and this is the session's SDP now. */
  renewed(response: SipResponse, ourSdp: Buffer | undefined): void;
}

export class Reinvite implements ClientUser {
  readonly #owner: ReinviteOwner;
  readonly #options: ReinviteOptions;
  readonly #done: (response: SipResponse) => void;
  #request: SipRequest | undefined = undefined;
  #ack: SentAck | undefined = undefined;
  #sdp: Buffer | undefined;
  #challenges = 0;
  #glares = 0;

  constructor(owner: ReinviteOwner, options: ReinviteOptions, done: (response: SipResponse) => void) {
    this.#owner = owner;
    this.#options = options;
    this.#sdp = options.sdp;
    this.#done = done;
  }

  /** Call when the exchange is ours. */
  send(challenge?: SipResponse): boolean {
    const { core, host, authorizer } = this.#owner;
    core.localCSeq += 1;
    const request = requestOf(core, 'INVITE', core.localCSeq);
    request.headers.append('Contact', core.contact);
    this.#owner.decorate(request);
    for (const [name, value] of this.#options.headers ?? []) request.headers.append(name, value);
    if (this.#sdp !== undefined) {
      request.headers.set('Content-Type', 'application/sdp');
      request.body = this.#sdp;
    }
    if (challenge !== undefined && authorizer?.authorize(request, challenge) !== true) return false;
    this.#request = request;
    host.send(request, pathOf(core), this);
    return true;
  }

  onResponse(response: SipResponse): void {
    if (response.status < 200) return;
    if (response.status < 300) return this.#accepted(response);
    if (response.status === 401 || response.status === 407) {
      this.#challenges += 1;
      if (this.#challenges <= 2 && this.send(response)) return;
    }
    this.#owner.settle();
    if (response.status === 491 && this.#glares === 0) return this.#wait();
    this.#owner.judge(response, 'response');
    this.#done(response);
  }

  onFailure(reason: 'timeout' | 'transport'): void {
    if (this.#request === undefined) return;
    const response = createResponse(this.#request, reason === 'timeout' ? 408 : 503);
    this.#owner.settle();
    this.#owner.judge(response, reason);
    this.#done(response);
  }

  onTimer(): void {
    this.#owner.whenFree(
      () => this.#again(),
      () => this.#refused(481),
    );
  }

  #accepted(response: SipResponse): void {
    if (this.#ack !== undefined) return this.#ack.again();
    const { core, host } = this.#owner;
    refreshTarget(core, response);
    const ack = requestOf(core, 'ACK', response.cseq.number);
    const { answer } = this.#options;
    let ours = this.#sdp;
    if (ours === undefined && answer !== undefined && response.body.length > 0) {
      ours = answerTo(response.body, answer, host);
      if (ours !== undefined) {
        ack.headers.set('Content-Type', 'application/sdp');
        ack.body = ours;
      }
    }
    const authorization = this.#request?.headers.get(header.proxyAuthorization);
    if (authorization !== undefined) ack.headers.append('Proxy-Authorization', authorization);
    this.#ack = host.sendAck(ack, pathOf(core));
    this.#owner.renewed(response, ours);
    this.#owner.settle();
    this.#done(response);
  }

  /** Our turn again: with the offer as it must be now, for the peer's may have come through meanwhile. */
  #again(): void {
    const { glare } = this.#options;
    if (glare !== undefined) {
      this.#sdp = glare.again();
      if (this.#sdp === undefined) {
        this.#owner.settle();
        return this.#refused(491);
      }
    }
    this.send();
  }

  #refused(status: number): void {
    if (this.#request !== undefined) this.#done(createResponse(this.#request, status));
  }

  /** 2.1 to 4 s where the Call-ID is ours, else 0 to 2 s, in steps of 10 ms. */
  #wait(): void {
    this.#glares += 1;
    this.#options.glare?.withdraw();
    const { host, callIdOurs } = this.#owner;
    const ms = callIdOurs ? 2100 + host.random.integer(191) * 10 : host.random.integer(201) * 10;
    host.wheel.after(ms, this, 'glare');
  }
}

/** A callback that throws must not keep the ACK from leaving. */
export function answerTo(
  offer: Buffer,
  answer: ((offer: Buffer) => Buffer) | undefined,
  { log }: Pick<DialogHost, 'log'>,
): Buffer | undefined {
  try {
    return answer?.(offer);
  } catch (fault) {
    log.error({ fault: messageOf(fault) }, 'an offer could not be answered');
    return undefined;
  }
}
