import { Emitter } from './emitter.ts';

/** One SIP message as it crossed the wire. */
export type SipTrace = {
  readonly kind: 'sip';
  readonly direction: 'in' | 'out';
  readonly at: number;
  readonly transport: string;
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  /** The bytes, secrets (Authorization values) already masked by whoever shows them. The listener must copy to keep. */
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
  /** `request` as JSON, where it has been written already. */
  readonly requestText?: string;
  readonly response: unknown;
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
  readonly detail: Readonly<Record<string, unknown>>;
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
}
