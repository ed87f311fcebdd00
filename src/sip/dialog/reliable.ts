/** Reliable provisional responses of a UAS: one at a time, resent until its PRACK. RFC 3262 §3. */
import { ignore, Machine, type Step, type Table } from '../../base/index.ts';
import type { SipRequest } from '../message/index.ts';
import { lifetime, type WheelTimer } from '../transaction/index.ts';
import type { Times } from './awaited-ack.ts';

export type ReliableState = 'idle' | 'waiting' | 'over';
export type ReliableEvent = { readonly type: 'send' | 'prack' | 'resend' | 'timeout' | 'stop' };
export type ReliableEffect = { readonly type: 'transmit' | 'queue' | 'repeat' | 'next' | 'lost' | 'quiet' };
type Row = Step<ReliableState, ReliableEffect>;

// prettier-ignore
export const reliableTable: Table<ReliableState, ReliableEvent, ReliableEffect, undefined> = {
  //        user: 18x                        PRACK of it                      timer                            64·T1: 504                      final sent, or gone
  idle:    { send: row('waiting', 'transmit'), prack: ignore,                 resend: ignore,                  timeout: ignore,                stop: row('over', 'quiet') },
  waiting: { send: row('waiting', 'queue'),    prack: row('idle', 'next'),    resend: row('waiting', 'repeat'), timeout: row('over', 'lost'),  stop: row('over', 'quiet') },
  over:    { send: ignore,                     prack: ignore,                 resend: ignore,                  timeout: ignore,                stop: ignore               },
};

function row(to: ReliableState, type: ReliableEffect['type']): () => Row {
  const step: Row = { to, effects: [{ type }] };
  return () => step;
}

/** A provisional response waiting for its turn: bytes are made when its RSeq is known. */
export type Reliable = (rseq: number) => Buffer;

export interface ReliableOwner {
  transmit(bytes: Buffer): void;
  /** 64·T1 without PRACK: §3 says refuse the INVITE with a 5xx. */
  onLost(): void;
}

export class ReliableProvisionals {
  readonly #times: Times;
  readonly #owner: ReliableOwner;
  readonly #cseq: number;
  readonly #machine: Machine<ReliableState, ReliableEvent, ReliableEffect, undefined>;
  readonly #queue: Reliable[] = [];
  #rseq: number;
  #bytes: Buffer | undefined = undefined;
  #interval = 0;
  #resend: WheelTimer | undefined = undefined;
  #limit: WheelTimer | undefined = undefined;
  #whenQuiet: (() => void) | undefined = undefined;

  /** `cseq`: of the INVITE. `first`: the RSeq before the first one, random below 2³¹ (§3). */
  constructor(times: Times, owner: ReliableOwner, start: { cseq: number; first: number }) {
    this.#times = times;
    this.#owner = owner;
    this.#cseq = start.cseq;
    this.#rseq = start.first;
    this.#machine = new Machine({
      table: reliableTable,
      initial: 'idle',
      context: undefined,
      perform: (effect) => this.#perform(effect.type),
    });
  }

  get state(): ReliableState {
    return this.#machine.state;
  }

  send(response: Reliable): void {
    if (this.state === 'over') return;
    this.#queue.push(response);
    this.#machine.handle({ type: 'send' });
  }

  /** Whether this PRACK acknowledges the one that waits; §3: `RAck: rseq cseq INVITE`. */
  acknowledge(prack: SipRequest): boolean {
    if (this.state !== 'waiting') return false;
    const [rseq, cseq, method] = (prack.headers.get('RAck') ?? '').split(/[ \t]+/, 4);
    if (rseq !== String(this.#rseq) || cseq !== String(this.#cseq) || method !== 'INVITE') return false;
    this.#machine.handle({ type: 'prack' });
    return true;
  }

  /** Calls back once nothing waits for a PRACK: a 2xx must not overtake an offer or answer in an 18x. §3. */
  whenQuiet(go: () => void): void {
    if (this.state === 'idle') go();
    else if (this.state === 'waiting') this.#whenQuiet = go;
  }

  stop(): void {
    this.#machine.handle({ type: 'stop' });
  }

  onTimer(name: string): void {
    this.#machine.handle({ type: name === 'no PRACK' ? 'timeout' : 'resend' });
  }

  #perform(effect: ReliableEffect['type']): void {
    switch (effect) {
      case 'transmit':
        return this.#transmit();
      case 'queue':
        return;
      case 'repeat':
        this.#interval *= 2;
        this.#resend = this.#times.wheel.after(this.#interval, this, 'resend 18x');
        if (this.#bytes !== undefined) this.#owner.transmit(this.#bytes);
        return;
      case 'next':
        this.#quiet();
        return this.#next();
      case 'lost':
        this.#quiet();
        return this.#owner.onLost();
      case 'quiet':
        this.#whenQuiet = undefined;
        return this.#quiet();
    }
  }

  #transmit(): void {
    const response = this.#queue.shift();
    if (response === undefined) return;
    this.#rseq += 1;
    this.#bytes = response(this.#rseq);
    this.#interval = this.#times.timers.t1;
    this.#resend = this.#times.wheel.after(this.#interval, this, 'resend 18x');
    this.#limit = this.#times.wheel.after(lifetime(this.#times.timers), this, 'no PRACK');
    this.#owner.transmit(this.#bytes);
  }

  #next(): void {
    if (this.#queue.length > 0) {
      this.#machine.handle({ type: 'send' });
      return;
    }
    const go = this.#whenQuiet;
    this.#whenQuiet = undefined;
    go?.();
  }

  #quiet(): void {
    this.#resend?.cancel();
    this.#limit?.cancel();
    this.#bytes = undefined;
  }
}

/** UAC: reliable provisionals of one fork, each taken once and in order. RFC 3262 §4. */
export class ProvisionalOrder {
  #last = -1;

  /** True when this is the next one; false for a repetition (PRACK it again) or one out of order (leave it). */
  take(rseq: number): boolean {
    if (this.#last >= 0 && rseq !== this.#last + 1) return false;
    this.#last = rseq;
    return true;
  }

  repeats(rseq: number): boolean {
    return rseq === this.#last;
  }
}
