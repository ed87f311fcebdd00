/** All transactions of an agent: matches what arrives, owns the maps, frees them. RFC 3261 §17. */
import type { Clock } from '../../base/index.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/index.ts';
import { ClientTransaction, type Runtime } from './client.ts';
import { branchOf, clientKey, mergeKey, serverKey } from './keys.ts';
import { ServerTransaction } from './server.ts';
import { defaultTimers, type SipTimers } from './timers.ts';
import type { ClientUser, Hop, LayerUser, Source, Wire } from './types.ts';
import { TimerWheel } from './wheel.ts';

export type TransactionOptions = {
  readonly clock: Clock;
  readonly wire: Wire;
  readonly user: LayerUser;
  readonly timers?: SipTimers;
  /** Hears of users that throw out of a timer. */
  readonly fault: (fault: unknown) => void;
  /** Server transactions held at once; further requests are dropped, their senders retransmit. */
  readonly limit?: number;
};

/** A request with what it is found by. */
class Keyed {
  readonly request: SipRequest;
  readonly key: string;
  #merge: string | undefined = undefined;

  constructor(request: SipRequest) {
    this.request = request;
    this.key = serverKey(request, request.method);
  }

  get merge(): string {
    return (this.#merge ??= mergeKey(this.request));
  }
}

export class TransactionLayer {
  readonly timers: SipTimers;
  /** Dialogs keep their timers here too. */
  readonly wheel: TimerWheel;
  readonly #user: LayerUser;
  readonly #limit: number;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #merged = new Map<string, ServerTransaction>();
  /** Of the request that came last: who lets it in asks for its keys twice. */
  #keyed: Keyed | undefined = undefined;
  readonly #clientRuntime: Runtime;
  readonly #serverRuntime: Runtime;

  constructor(options: TransactionOptions) {
    const timers = options.timers ?? defaultTimers;
    this.timers = timers;
    this.wheel = new TimerWheel(options.clock, timers.t1 / 5, options.fault);
    this.#user = options.user;
    this.#limit = options.limit ?? 200_000;
    const shared = { wheel: this.wheel, timers, wire: options.wire };
    this.#clientRuntime = { ...shared, ended: (key) => void this.#clients.delete(key) };
    this.#serverRuntime = { ...shared, ended: (key) => this.#forget(key) };
  }

  receive(message: SipMessage, from: Source): void {
    if (message.kind === 'response') this.#receiveResponse(message);
    else this.#receiveRequest(message, from);
  }

  /** Sends a request in a new client transaction. Its top Via carries this branch. */
  request(request: SipRequest, link: { to: Hop; user: ClientUser; branch: string }): ClientTransaction {
    const key = clientKey(link.branch, request.method);
    const transaction = new ClientTransaction(this.#clientRuntime, key, request, link);
    this.#clients.set(key, transaction);
    transaction.begin();
    return transaction;
  }

  /** Takes a request on: from now on its retransmissions are answered here. */
  serve(request: SipRequest, from: Source): ServerTransaction {
    const keyed = this.#keysOf(request);
    const { key } = keyed;
    const merge = request.to.params.has('tag') ? undefined : keyed.merge;
    const transaction = new ServerTransaction(this.#serverRuntime, { key, merge }, request, from);
    this.#servers.set(key, transaction);
    if (merge !== undefined) this.#merged.set(merge, transaction);
    return transaction;
  }

  /** A connection that was the only way to somebody is gone: nobody will answer what went out over it. An INVITE is its
   * call's to give up. */
  flowClosed(connectionId: string): void {
    for (const each of this.#clients.values()) {
      if (each.to.connectionId === connectionId && each.method !== 'INVITE') each.transportFailed();
    }
  }

  /** The INVITE that a CANCEL means. RFC 3261 §9.2. */
  cancelled(cancel: SipRequest): ServerTransaction | undefined {
    return this.#servers.get(serverKey(cancel, 'INVITE'));
  }

  /** Whether the same request reached us before by another way: 482. RFC 3261 §8.2.2.2. */
  merges(request: SipRequest): boolean {
    return this.#merged.has(this.#keysOf(request).merge);
  }

  /** Transactions alive, lingering ones included. */
  get size(): { clients: number; servers: number } {
    return { clients: this.#clients.size, servers: this.#servers.size };
  }

  dump(): object {
    const line = (each: { key: string; state: string }): string => `${each.key} ${each.state}`;
    return {
      clients: Array.from(this.#clients.values(), line),
      servers: Array.from(this.#servers.values(), line),
      timers: this.wheel.count(),
    };
  }

  /** Ends everything silently; no timer stays. */
  close(): void {
    for (const each of this.#clients.values()) each.abandon();
    for (const each of this.#servers.values()) each.close();
    this.wheel.close();
  }

  #receiveResponse(response: SipResponse): void {
    // No transaction: late or made up. RFC 3261 §18.1.2 would hand it to the core, which could do nothing with it.
    this.#clients.get(clientKey(branchOf(response), response.cseq.method))?.receive(response);
  }

  #receiveRequest(request: SipRequest, from: Source): void {
    if (request.method === 'ACK') {
      const invite = this.#servers.get(serverKey(request, 'INVITE'));
      if (invite === undefined || !invite.acknowledged()) this.#user.onAck(request, from);
      return;
    }
    const known = this.#servers.get(this.#keysOf(request).key);
    if (known !== undefined) known.repeated();
    else if (this.#servers.size < this.#limit) this.#user.onRequest(request, from);
  }

  #keysOf(request: SipRequest): Keyed {
    if (this.#keyed?.request !== request) this.#keyed = new Keyed(request);
    return this.#keyed;
  }

  #forget(key: string): void {
    const transaction = this.#servers.get(key);
    this.#servers.delete(key);
    const merge = transaction?.mergeKey;
    if (merge !== undefined && this.#merged.get(merge) === transaction) this.#merged.delete(merge);
  }
}
