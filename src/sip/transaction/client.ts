/** A client transaction: runs the INVITE or the non-INVITE table over one request of ours. RFC 3261 §17.1. */
import { Machine } from '../../base/index.ts';
import { serialize, type SipRequest, type SipResponse } from '../message/index.ts';
import { ackOf } from './ack.ts';
import type { ClientEvent, Context, Effect, Timed } from './events.ts';
import { inviteClient } from './invite-client.ts';
import { nonInviteClient } from './non-invite-client.ts';
import { TimerSlots } from './slots.ts';
import { lifetime, type SipTimers, type TimerName } from './timers.ts';
import type { ClientUser, FaultListener, Hop, Wire } from './types.ts';
import type { TimerWheel, WheelUser } from './wheel.ts';

/** What every transaction shares with its layer. */
export type Runtime = {
  readonly wheel: TimerWheel;
  readonly timers: SipTimers;
  readonly wire: Wire;
  /** The transaction is over: take it out of the maps. */
  readonly ended: (key: string) => void;
};

type AnyEvent = ClientEvent | Timed<TimerName>;
type Runner = { readonly state: string; handle(event: AnyEvent): boolean };

const abandon: ClientEvent = { type: 'abandon' };
const broken: ClientEvent = { type: 'transportError' };

export class ClientTransaction implements Context, WheelUser, FaultListener {
  /** One function for the machines of all of them: the context says whose effect it is. */
  static readonly #carryOut = (effect: Effect, transaction: ClientTransaction): void => transaction.#perform(effect);
  readonly key: string;
  readonly method: string;
  readonly to: Hop;
  readonly reliable: boolean;
  interval: number;
  readonly #runtime: Runtime;
  /** Undefined once nothing can come for it any more. */
  #user: ClientUser | undefined;
  readonly #slots = new TimerSlots();
  readonly #machine: Runner;
  /** Kept while an ACK may have to be made of it; an INVITE only. */
  #request: SipRequest | undefined;
  #bytes: Buffer | undefined;

  constructor(runtime: Runtime, key: string, request: SipRequest, link: { to: Hop; user: ClientUser }) {
    this.#runtime = runtime;
    this.key = key;
    this.method = request.method;
    this.to = link.to;
    this.#user = link.user;
    this.reliable = link.to.transport !== 'udp';
    this.interval = runtime.timers.t1;
    const invite = request.method === 'INVITE';
    this.#request = invite ? request : undefined;
    this.#bytes = serialize(request);
    this.#machine = invite
      ? new Machine({ table: inviteClient, initial: 'calling', context: this, perform: ClientTransaction.#carryOut })
      : new Machine({ table: nonInviteClient, initial: 'trying', context: this, perform: ClientTransaction.#carryOut });
  }

  get timers(): SipTimers {
    return this.#runtime.timers;
  }

  get state(): string {
    return this.#machine.state;
  }

  /** Sends the request for the first time. Apart from the constructor, so that the maps know us before an answer. */
  begin(): void {
    const invite = this.#request !== undefined;
    if (!this.reliable) this.#slots.start(this.#runtime.wheel, this, invite ? 'A' : 'E', this.interval);
    this.#slots.start(this.#runtime.wheel, this, invite ? 'B' : 'F', lifetime(this.timers));
    this.#resend();
  }

  receive(response: SipResponse): void {
    if (response.cseq.method !== this.method) return;
    const type = response.status < 200 ? 'provisional' : response.status < 300 ? 'success' : 'failure';
    this.#machine.handle({ type, response });
  }

  /** What still comes is another's from now on. */
  handOver(user: ClientUser): void {
    if (this.#user !== undefined) this.#user = user;
  }

  /** Ends without waiting any longer; the user is not called again. */
  abandon(): void {
    this.#machine.handle(abandon);
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
      case 'ack':
        return this.#acknowledge(effect.response);
      case 'pass':
        return this.#user?.onResponse(effect.response);
      case 'fail':
        return this.#user?.onFailure(effect.reason);
      case 'start':
        if (effect.timer === 'K' || effect.timer === 'D') this.#user = undefined;
        if (effect.ms === 0) return this.onTimer(effect.timer);
        return this.#slots.start(this.#runtime.wheel, this, effect.timer, effect.ms);
      case 'stop':
        return this.#slots.stop();
      case 'forget':
        this.#bytes = undefined;
        this.#request = undefined;
        return;
      case 'end':
        this.#slots.stop();
        this.#bytes = undefined;
        this.#request = undefined;
        this.#user = undefined;
        return this.#runtime.ended(this.key);
      case 'send':
      case 'trying':
        return; // A server's effects.
    }
  }

  #resend(): void {
    if (this.#bytes !== undefined) this.#runtime.wire.sendRequest(this.#bytes, this.to, this);
  }

  /** From here on the stored message is the ACK: it answers every retransmission of the final response. */
  #acknowledge(response: SipResponse): void {
    if (this.#request === undefined) return;
    this.#bytes = serialize(ackOf(this.#request, response));
    this.#request = undefined;
    this.#resend();
  }
}
