/** A server transaction: runs the INVITE or the non-INVITE table over one request of a peer. RFC 3261 §17.2. */
import { Machine } from '../../base/index.ts';
import { createResponse, serialize, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Runtime } from './client.ts';
import { type Context, type Effect, endNow, type ServerEvent, type Timed } from './events.ts';
import { inviteServer } from './invite-server.ts';
import { nonInviteServer } from './non-invite-server.ts';
import { TimerSlots } from './slots.ts';
import { type SipTimers, type TimerName, tryingDelay } from './timers.ts';
import type { FaultListener, ServerUser, Source } from './types.ts';
import type { WheelUser } from './wheel.ts';

type AnyEvent = ServerEvent | { readonly type: 'ack' } | Timed<TimerName>;
type Runner = { readonly state: string; handle(event: AnyEvent): boolean };

const again: AnyEvent = { type: 'request' };
const acknowledged: AnyEvent = { type: 'ack' };
const broken: AnyEvent = { type: 'transportError' };

export class ServerTransaction implements Context, WheelUser, FaultListener {
  /** One function for the machines of all of them: the context says whose effect it is. */
  static readonly #carryOut = (effect: Effect, transaction: ServerTransaction): void => transaction.#perform(effect);
  readonly key: string;
  readonly mergeKey: string | undefined;
  readonly method: string;
  readonly from: Source;
  readonly reliable: boolean;
  interval: number;
  /** Who hears of failures. Set late: whoever answers may be chosen after the transaction is made. */
  user: ServerUser | undefined = undefined;
  readonly #runtime: Runtime;
  readonly #slots = new TimerSlots();
  readonly #machine: Runner;
  /** Kept until the final response, for our own 100. */
  #request: SipRequest | undefined;
  #bytes: Buffer | undefined = undefined;

  constructor(runtime: Runtime, keys: { key: string; merge: string | undefined }, request: SipRequest, from: Source) {
    this.#runtime = runtime;
    this.key = keys.key;
    this.mergeKey = keys.merge;
    this.method = request.method;
    this.from = from;
    this.reliable = from.transport !== 'udp';
    this.interval = runtime.timers.t1;
    this.#request = request;
    if (request.method === 'INVITE') {
      this.#machine = new Machine({
        table: inviteServer,
        initial: 'trying',
        context: this,
        perform: ServerTransaction.#carryOut,
      });
      this.#slots.start(runtime.wheel, this, '100', tryingDelay(runtime.timers));
    } else
      this.#machine = new Machine({
        table: nonInviteServer,
        initial: 'trying',
        context: this,
        perform: ServerTransaction.#carryOut,
      });
  }

  get timers(): SipTimers {
    return this.#runtime.timers;
  }

  get state(): string {
    return this.#machine.state;
  }

  /** Sends a response of the user's; false when the transaction is past it. */
  respond(response: SipResponse): boolean {
    return this.respondBytes(response.status, serialize(response));
  }

  /** The same for one that is written already: a retransmission of a 2xx, a reliable provisional. */
  respondBytes(status: number, bytes: Buffer): boolean {
    const type = status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure';
    return this.#machine.handle({ type, bytes });
  }

  /** The request came again. */
  repeated(): void {
    this.#machine.handle(again);
  }

  /** An ACK with our branch. False when it acknowledges a 2xx, which is the dialog's matter. */
  acknowledged(): boolean {
    if (this.state === 'accepted') return false;
    this.#machine.handle(acknowledged);
    return true;
  }

  /** Ends at once, silently. */
  close(): void {
    this.#perform(endNow);
  }

  onTimer(name: string): void {
    this.#machine.handle({ type: `timer${name as TimerName}` });
    this.#slots.fired(this.#runtime.wheel, this);
  }

  /** Later, for the transport may say so while we are still sending. */
  transportFailed(): void {
    queueMicrotask(() => this.#machine.handle(broken));
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'resend':
        return this.#resend();
      case 'send':
        this.#bytes = effect.bytes;
        return this.#resend();
      case 'trying':
        if (this.#request === undefined) return;
        this.#bytes = serialize(createResponse(this.#request, 100));
        return this.#resend();
      case 'fail':
        return this.user?.onFailure(effect.reason);
      case 'start':
        this.#request = undefined;
        if (effect.ms === 0) return this.onTimer(effect.timer);
        return this.#slots.start(this.#runtime.wheel, this, effect.timer, effect.ms);
      case 'stop':
        return this.#slots.stop();
      case 'forget':
        this.#bytes = undefined;
        return;
      case 'end':
        this.#slots.stop();
        this.#bytes = undefined;
        this.#request = undefined;
        return this.#runtime.ended(this.key);
      case 'ack':
      case 'pass':
        return; // A client's effects.
    }
  }

  #resend(): void {
    if (this.#bytes !== undefined) this.#runtime.wire.sendResponse(this.#bytes, this.from, this);
  }
}
