/** A 2xx to an INVITE on its way to an ACK: the user, not the transaction, resends it. RFC 3261 §13.3.1.4. */
import {
  lifetime,
  type ServerTransaction,
  type SipTimers,
  type TimerWheel,
  type WheelTimer,
} from '../transaction/index.ts';

export interface AckOwner {
  /** 64·T1 passed. */
  onNoAck(): void;
}

/** What a piece of a dialog needs to keep time. */
export type Times = { readonly wheel: TimerWheel; readonly timers: SipTimers };

export class AwaitedAck {
  readonly cseq: number;
  readonly #times: Times;
  readonly #owner: AckOwner;
  readonly #transaction: ServerTransaction;
  readonly #bytes: Buffer;
  #interval: number;
  #resend: WheelTimer;
  readonly #limit: WheelTimer;

  constructor(times: Times, owner: AckOwner, sent: { transaction: ServerTransaction; bytes: Buffer; cseq: number }) {
    this.#times = times;
    this.#owner = owner;
    this.#transaction = sent.transaction;
    this.#bytes = sent.bytes;
    this.cseq = sent.cseq;
    this.#interval = times.timers.t1;
    // Over TCP too: a proxy further on may lose it on a UDP hop.
    this.#resend = times.wheel.after(this.#interval, this, 'resend 2xx');
    this.#limit = times.wheel.after(lifetime(times.timers), this, 'no ACK');
  }

  onTimer(name: string): void {
    if (name === 'no ACK') {
      this.stop();
      this.#owner.onNoAck();
      return;
    }
    this.#interval = Math.min(this.#interval * 2, this.#times.timers.t2);
    this.#resend = this.#times.wheel.after(this.#interval, this, 'resend 2xx');
    this.#transaction.respondBytes(200, this.#bytes);
  }

  stop(): void {
    this.#resend.cancel();
    this.#limit.cancel();
  }
}
