/** Calls as people watch them live. */
import type { Emitter } from '../base/index.ts';

/** One leg, in REST's words. Times are ISO 8601. */
export type CallRow = {
  readonly call_sid: string;
  readonly parent_call_sid: string | null;
  /** The sid of the first leg: all legs of one session share it. */
  readonly session: string;
  readonly account_sid: string;
  /** Where it runs. */
  readonly node: string;
  readonly application_sid: string | null;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  /** queued, trying, ringing, early-media, in-progress, or how it ended. */
  readonly state: string;
  readonly started_at: string;
  readonly answered_at: string | null;
  readonly carrier: string | null;
  /** Of a leg we placed: what was dialled, such as `user:bob@example.test`. */
  readonly target: string | null;
  readonly codec: string | null;
  readonly media_path: 'full-media' | 'no-media' | null;
  readonly quality?: {
    readonly mos: number | null;
    readonly loss_percent: number | null;
    readonly jitter_ms: number | null;
    readonly round_trip_ms: number | null;
  };
};

/** Costs nothing until somebody follows. */
export interface CallWatch {
  readonly events: Emitter<{
    /** Something of the calls of this session may look different now. */
    changed: [sessionSid: string];
    /** What a far end says, dBFS; some five times a second. */
    level: [callSid: string, accountSid: string, db: number];
  }>;
  /** Events come from now on, until the function it returns is called. */
  follow(): () => void;
  /** Every leg that runs, of one account or of all; those of some sessions only, where named. */
  rows(accountSid?: string, sessions?: ReadonlySet<string>): readonly CallRow[];
  /** Measures the level of these calls and of no others. */
  meter(callSids: ReadonlySet<string>): void;
}
