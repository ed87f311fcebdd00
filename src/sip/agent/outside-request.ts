/** A request of ours outside any dialog that repeats itself with the same Call-ID: REGISTER, OPTIONS. RFC 3261 §10.2.4. */
import { createRequest, createResponse, type SipRequest, type SipResponse } from '../message/index.ts';
import type { ClientTransaction, ClientUser, Hop } from '../transaction/index.ts';
import type { ExtraHeader, Authorizer } from '../dialog/index.ts';

/** What sending needs of the agent. */
export interface Outside {
  resolve(uri: string): readonly Hop[] | Promise<readonly Hop[]>;
  transact(request: SipRequest, hop: Hop, user: ClientUser): ClientTransaction;
  contactFor(hop: Hop, user: string | undefined, host: string | undefined): string;
  readonly userAgent: string;
}

export type OutsideAddress = {
  readonly method: 'REGISTER' | 'OPTIONS';
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly hops: readonly Hop[] | undefined;
  /** Resolved instead of `uri`. */
  readonly proxy?: string | undefined;
  readonly authorizer?: Authorizer | undefined;
};

export class OutsideRequest implements ClientUser {
  readonly #host: Outside;
  readonly #address: OutsideAddress;
  readonly #headersFor: (hop: Hop) => readonly ExtraHeader[];
  readonly #done: (response: SipResponse, by: 'response' | 'timeout' | 'transport') => void;
  #cseq = 0;
  #hops: readonly Hop[] = [];
  #at = 0;
  #challenges = 0;
  #request: SipRequest | undefined = undefined;
  #transaction: ClientTransaction | undefined = undefined;
  #phase: 'open' | 'dropped' = 'open';

  constructor(
    host: Outside,
    address: OutsideAddress,
    headersFor: (hop: Hop) => readonly ExtraHeader[],
    done: (response: SipResponse, by: 'response' | 'timeout' | 'transport') => void,
  ) {
    this.#host = host;
    this.#address = address;
    this.#headersFor = headersFor;
    this.#done = done;
  }

  /** Sends it (again), with the next CSeq. */
  send(): void {
    this.#challenges = 0;
    this.#at = 0;
    const { hops, proxy, uri } = this.#address;
    const found = hops ?? this.#host.resolve(proxy ?? uri);
    if (!(found instanceof Promise)) return this.#begin(found);
    found.then(
      (late) => this.#begin(late),
      () => this.#begin([]),
    );
  }

  onResponse(response: SipResponse): void {
    if (response.status < 200 || this.#phase === 'dropped') return;
    // An older one of ours, overtaken.
    if (response.cseq.number !== this.#cseq) return;
    const challenged = response.status === 401 || response.status === 407;
    if (challenged && this.#challenges < 2) {
      this.#challenges += 1;
      if (this.#attempt(response)) return;
    }
    this.#transaction = undefined;
    this.#done(response, 'response');
  }

  onFailure(reason: 'timeout' | 'transport'): void {
    if (this.#phase === 'dropped') return;
    this.#at += 1;
    if (this.#at < this.#hops.length) return void this.#attempt(undefined);
    this.#fail(reason);
  }

  /** No more waiting for an answer; false where none is waited for. */
  giveUp(): boolean {
    if (this.#transaction === undefined) return false;
    this.#transaction.abandon();
    this.#fail('timeout');
    return true;
  }

  drop(): void {
    this.#phase = 'dropped';
    this.#transaction?.abandon();
  }

  #begin(hops: readonly Hop[]): void {
    if (this.#phase === 'dropped') return;
    this.#hops = hops;
    if (!this.#attempt(undefined)) this.#fail('transport');
  }

  #attempt(challenge: SipResponse | undefined): boolean {
    const hop = this.#hops[this.#at];
    if (hop === undefined) return false;
    const { method, uri, from, to, callId, authorizer } = this.#address;
    this.#cseq += 1;
    const request = createRequest({ method, uri, from, to, callId, cseq: this.#cseq, headers: this.#headersFor(hop) });
    request.headers.append('User-Agent', this.#host.userAgent);
    if (challenge !== undefined && authorizer?.authorize(request, challenge) !== true) return false;
    this.#request = request;
    this.#transaction = this.#host.transact(request, hop, this);
    return true;
  }

  #fail(reason: 'timeout' | 'transport'): void {
    this.#transaction = undefined;
    const { method, uri, from, to, callId } = this.#address;
    const request = this.#request ?? createRequest({ method, uri, from, to, callId, cseq: Math.max(1, this.#cseq) });
    this.#done(createResponse(request, reason === 'timeout' ? 408 : 503), reason);
  }
}
