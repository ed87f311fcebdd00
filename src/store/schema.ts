/** The tables, as the queries see them. Booleans are 0 or 1 and times are ms since the epoch, on both engines alike. */

/** One provisioned thing: what is looked up has a column, the rest is in the document. */
export type EntityTable = {
  kind: string;
  sid: string;
  /** '' for what belongs to no account. */
  account_sid: string;
  /** JSON, sealed (sealer.ts). */
  document: string;
};

/** A name that only one entity of a kind may have within its scope. */
export type EntityKeyTable = { kind: string; scope: string; name: string; sid: string };

/** Who points at whom. A part goes with its owner; anything else forbids the owner's removal. */
export type EntityReferenceTable = {
  from_kind: string;
  from_sid: string;
  to_kind: string;
  to_sid: string;
  part: number;
};

/** Every change of an entity, in commit order: how other nodes learn of it. */
export type ChangeTable = { seq: number; kind: string; sid: string };

export type SettingTable = { name: string; value: string };

export type CdrTable = {
  call_sid: string;
  account_sid: string;
  application_sid: string | null;
  parent_call_sid: string | null;
  direction: string;
  from_user: string;
  to_user: string;
  answered: number;
  sip_call_id: string;
  sip_parent_call_id: string | null;
  sip_status: number;
  duration: number;
  attempted_at: number;
  answered_at: number | null;
  terminated_at: number;
  termination_reason: string;
  terminated_by: string;
  trunk: string;
  host: string;
  remote_host: string;
  trace_id: string;
  recording_url: string | null;
  mos: number | null;
  packets_lost_percent: number | null;
  jitter_ms: number | null;
  round_trip_ms: number | null;
};

export type AlertTable = {
  sid: string;
  time: number;
  account_sid: string;
  type: string;
  message: string;
  detail: string | null;
  url: string | null;
  status: number | null;
  call_sid: string | null;
};

export type AuditTable = {
  sid: string;
  at: number;
  account_sid: string;
  user_sid: string | null;
  key_sid: string | null;
  name: string;
  role: string;
  action: string;
  what: string;
  address: string;
  /** JSON. */
  detail: string;
};

export type WebSessionTable = {
  hash: string;
  user_sid: string | null;
  key_sid: string | null;
  created_at: number;
  seen_at: number;
  expires_at: number;
  address: string;
};

export type Tables = {
  entity: EntityTable;
  entity_key: EntityKeyTable;
  entity_reference: EntityReferenceTable;
  entity_change: ChangeTable;
  setting: SettingTable;
  cdr: CdrTable;
  alert: AlertTable;
  audit: AuditTable;
  web_session: WebSessionTable;
};
