/** The rows that REST answers with, as far as the portal looks at them. */

export type Account = { readonly account_sid: string; readonly name: string; readonly sip_realm: string | null };

export type Page<T> = {
  readonly total: number;
  readonly batch: number;
  readonly page: number;
  readonly data: readonly T[];
};

/** An ended call. */
export type CallRecord = {
  readonly call_sid: string;
  readonly parent_call_sid: string | null;
  readonly account_sid: string;
  readonly application_sid: string | null;
  readonly direction: string;
  readonly from: string;
  readonly to: string;
  readonly answered: boolean;
  readonly sip_callid: string;
  readonly sip_status: number;
  readonly duration: number;
  readonly attempted_at: string | null;
  readonly answered_at: string | null;
  readonly terminated_at: string | null;
  readonly termination_reason: string;
  readonly terminated_by: string;
  readonly host: string;
  readonly remote_host: string;
  readonly trunk: string;
  readonly trace_id: string;
  readonly recording_url: string | null;
  readonly mos: number | null;
  readonly packets_lost_percent: number | null;
  readonly jitter_ms: number | null;
  readonly round_trip_ms: number | null;
};

/** A call by its sid: a running one or its record, so every field may be missing. */
export type CallInfo = Partial<CallRecord> & { readonly call_sid: string; readonly call_status: string };

/** One row of a call's timeline. */
export type TraceEvent = {
  readonly time: string;
  readonly offset_ms: number;
  readonly leg: string | null;
  readonly call_sid: string;
  readonly kind: 'sip' | 'hook' | 'media' | 'call' | 'note';
  readonly title: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

export type AlertRow = {
  readonly sid?: string;
  readonly time: string;
  readonly account_sid: string;
  readonly alert_type: string;
  readonly message: string;
  readonly detail: string | null;
  readonly url: string | null;
  readonly status: number | null;
  readonly target_sid: string | null;
};

export type Registered = {
  readonly name: string;
  readonly contact: string;
  readonly expiryTime: number;
  readonly protocol: string;
  readonly source: string;
  readonly user_agent: string | null;
  readonly registered_at: string;
};

export type AuditRow = {
  readonly at: string | number;
  readonly who: {
    readonly user_sid?: string;
    readonly key_sid?: string;
    readonly name?: string;
    readonly role?: string;
  };
  readonly action: string;
  readonly what: string;
  readonly account_sid: string | null;
  readonly address: string;
  readonly detail: unknown;
};

export type ApiKeyRow = {
  readonly api_key_sid: string;
  readonly account_sid: string | null;
  readonly name: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
};
