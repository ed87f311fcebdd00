import type { Clock, Timer } from './clock.ts';
import { Emitter } from './emitter.ts';

/** One SIP message as it crossed the wire. */
export type SipTrace = {
  readonly kind: 'sip';
  readonly direction: 'in' | 'out';
  readonly at: number;
  readonly transport: string;
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  /** The bytes, secrets (Authorization values) already masked by whoever shows them. Nobody writes to them any more; the
   * listener must copy to keep. */
  readonly bytes: Buffer;
  readonly callId: string;
  /** Request method or status code with reason: what a ladder prints. */
  readonly title: string;
};

/** One hook request with its answer. */
export type HookTrace = {
  readonly kind: 'hook';
  readonly at: number;
  readonly callSid: string;
  readonly url: string;
  readonly method: string;
  readonly type: string;
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly attempt: number;
  readonly request: unknown;
  /** `request` as JSON, where there is some already. */
  readonly requestText?: string | undefined;
  readonly response: unknown;
  readonly responseText?: string | undefined;
  readonly error: string | undefined;
};

/** A move, decision or media event of a call. `what` is a short dotted name: `leg.ringing`, `dial.winner`. */
export type CallTrace = {
  readonly kind: 'call';
  readonly at: number;
  readonly callSid: string;
  /** The session's first call: all legs of one session share a timeline. */
  readonly sessionSid: string;
  readonly what: string;
  /** Never changed once it was published. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Of the leg it is about. */
  readonly direction?: 'inbound' | 'outbound';
};

/** Says that SIP messages of this Call-ID belong to this session's timeline, as this leg. */
export type LinkTrace = {
  readonly kind: 'link';
  readonly at: number;
  readonly callId: string;
  readonly callSid: string;
  readonly sessionSid: string;
};

/** The session is over: its timeline is complete but for stray retransmissions. */
export type EndTrace = { readonly kind: 'end'; readonly at: number; readonly sessionSid: string };

export type TraceEvent = SipTrace | HookTrace | CallTrace | LinkTrace | EndTrace;

/** The channel between the core and `observe`: the log, metrics, ladder and pcap all listen here, as equals.
 * Listeners must not block and must copy what they keep. */
export class TraceChannel extends Emitter<{ event: [TraceEvent] }> {
  publish(event: TraceEvent): void {
    this.emit('event', event);
  }

  /** What was published has been told when it returns. */
  flush(): void {}
}

/** So long an event waits for others, ms: most of the setting up of a call, and a wake of its own less. */
const gatherMs = 100;
/** So many wait at most, some four calls': to tell of them takes a quarter of a millisecond, which a SIP message can wait. */
const mostWaiting = 128;

/** Tells its listeners a moment later, of all that happened meanwhile, in order. What listens does the same small things for
 * each of the forty events of a call: one after the other they cost half of what they cost scattered over the call, and
 * nobody in it waits for them. docs/decisions/0025-observed-together.md */
export class GatheringTrace extends TraceChannel {
  readonly #clock: Clock;
  #waiting: TraceEvent[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  override publish(event: TraceEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length >= mostWaiting) this.flush();
    else this.#timer ??= this.#clock.after(gatherMs, 'trace', () => this.flush());
  }

  override flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const events = this.#waiting;
    this.#waiting = [];
    for (const event of events) this.emit('event', event);
  }
}
