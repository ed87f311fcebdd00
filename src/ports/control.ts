/** What REST and WebSocket applications may do with calls. Implemented by call control; every refusal has a reason. */

import type { Quality } from './media.ts';

/** A call as REST shows it: snake_case, reference.md 3.1 and 4.3. */
export type CallInfo = Readonly<Record<string, unknown>> & {
  readonly call_sid: string;
  readonly account_sid: string;
  readonly call_status: string;
};

/** `status` is the HTTP status to answer with. */
export type ControlResult =
  | { readonly ok: true; readonly status: number; readonly body?: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly status: 400 | 404 | 409 | 422 | 480 | 500 | 503;
      readonly message: string;
      /** With 503: when to come again. */
      readonly retryAfterSeconds?: number;
    };

export interface CallControl {
  /** POST Calls: body as documented in reference.md 4.1, already shape-checked. Resolves once the INVITE was sent. */
  create(accountSid: string, body: Readonly<Record<string, unknown>>): Promise<ControlResult>;
  /** PUT Calls/{sid}: exactly one command (reference.md 4.2). */
  update(accountSid: string, callSid: string, body: Readonly<Record<string, unknown>>): Promise<ControlResult>;
  list(
    accountSid: string,
    filter: { direction?: string; from?: string; to?: string; callStatus?: string },
  ): readonly CallInfo[];
  get(accountSid: string, callSid: string): CallInfo | undefined;
  /** What was measured so far of each leg that runs of the call this leg belongs to, second by second; undefined when it does
   * not run. */
  quality(accountSid: string, callSid: string): Promise<readonly LegFigures[] | undefined>;
  count(accountSid: string): { inbound: number; outbound: number };
}

export type LegFigures = Quality & { readonly call_sid: string };

/** Timelines of calls, kept by `observe`. */
export interface Timelines {
  /** Every event of the session this call belongs to, oldest first; undefined when unknown (or no longer kept). */
  timeline(accountSid: string, callSid: string): Promise<readonly Readonly<Record<string, unknown>>[] | undefined>;
  pcap(accountSid: string, callSid: string): Promise<Buffer | undefined>;
  /** The ladder page: one self-contained HTML file. */
  page(accountSid: string, callSid: string): Promise<string | undefined>;
}
