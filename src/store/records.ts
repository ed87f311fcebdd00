/** CDRs and alerts: what is written once and read by page. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { Alert, AlertQuery, AlertType, Cdr, CdrQuery, Page } from '../ports/index.ts';
import { type Inserter, inserterOf } from './inserter.ts';
import type { Engine } from './migrations.ts';
import type { AlertTable, CdrTable, Tables } from './schema.ts';
import { plain } from './text.ts';

function optional(value: string | undefined): string | null {
  return value === undefined ? null : plain(value);
}

function whole(value: number): number {
  return Number.isFinite(value) ? Math.round(value) : 0;
}

function figure(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function wholeOrNull(value: number | undefined): number | null {
  return value === undefined ? null : whole(value);
}

function cdrRow(cdr: Cdr): CdrTable {
  return {
    call_sid: plain(cdr.callSid),
    account_sid: plain(cdr.accountSid),
    application_sid: optional(cdr.applicationSid),
    parent_call_sid: optional(cdr.parentCallSid),
    direction: cdr.direction,
    from_user: plain(cdr.from),
    to_user: plain(cdr.to),
    answered: cdr.answered ? 1 : 0,
    sip_call_id: plain(cdr.sipCallId),
    sip_parent_call_id: optional(cdr.sipParentCallId),
    sip_status: whole(cdr.sipStatus),
    duration: whole(cdr.duration),
    attempted_at: whole(cdr.attemptedAt),
    answered_at: wholeOrNull(cdr.answeredAt),
    terminated_at: whole(cdr.terminatedAt),
    termination_reason: plain(cdr.terminationReason),
    terminated_by: plain(cdr.terminatedBy),
    trunk: plain(cdr.trunk),
    host: plain(cdr.host),
    remote_host: plain(cdr.remoteHost),
    trace_id: plain(cdr.traceId),
    recording_url: optional(cdr.recordingUrl),
    mos: figure(cdr.mos),
    packets_lost_percent: figure(cdr.packetsLostPercent),
    jitter_ms: figure(cdr.jitterMs),
    round_trip_ms: figure(cdr.roundTripMs),
  };
}

function cdrOf(row: CdrTable): Cdr {
  return {
    callSid: row.call_sid,
    accountSid: row.account_sid,
    applicationSid: row.application_sid ?? undefined,
    parentCallSid: row.parent_call_sid ?? undefined,
    direction: row.direction as Cdr['direction'],
    from: row.from_user,
    to: row.to_user,
    answered: row.answered !== 0,
    sipCallId: row.sip_call_id,
    sipParentCallId: row.sip_parent_call_id ?? undefined,
    sipStatus: row.sip_status,
    duration: row.duration,
    attemptedAt: row.attempted_at,
    answeredAt: row.answered_at ?? undefined,
    terminatedAt: row.terminated_at,
    terminationReason: row.termination_reason,
    terminatedBy: row.terminated_by,
    trunk: row.trunk,
    host: row.host,
    remoteHost: row.remote_host,
    traceId: row.trace_id,
    recordingUrl: row.recording_url ?? undefined,
    mos: row.mos ?? undefined,
    packetsLostPercent: row.packets_lost_percent ?? undefined,
    jitterMs: row.jitter_ms ?? undefined,
    roundTripMs: row.round_trip_ms ?? undefined,
  };
}

function alertRow(alert: Alert): AlertTable {
  return {
    sid: plain(alert.sid),
    time: whole(alert.time),
    account_sid: plain(alert.accountSid),
    type: alert.type,
    message: plain(alert.message),
    detail: optional(alert.detail),
    url: optional(alert.url),
    status: wholeOrNull(alert.status),
    call_sid: optional(alert.callSid),
  };
}

function alertOf(row: AlertTable): Alert {
  return {
    sid: row.sid,
    time: row.time,
    accountSid: row.account_sid,
    type: row.type as AlertType,
    message: row.message,
    ...(row.detail === null ? {} : { detail: row.detail }),
    ...(row.url === null ? {} : { url: row.url }),
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.call_sid === null ? {} : { callSid: row.call_sid }),
  };
}

type Span = { readonly page: number; readonly count: number };

/** Pages count from 1. Jambonz allows 500 rows a page. */
export function span(query: { page: number; count: number }): Span {
  return {
    page: Math.max(1, Math.trunc(query.page) || 1),
    count: Math.min(500, Math.max(1, Math.trunc(query.count) || 25)),
  };
}

/** Matches a part of the text, whatever the case, and takes `%` and `_` as they are. */
function contains(part: string): string {
  return `%${plain(part)
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')}%`;
}

export class Records {
  readonly #db: Kysely<Tables>;
  readonly intoCdrs: Inserter<Cdr>;
  readonly intoAlerts: Inserter<Alert>;

  constructor(db: Kysely<Tables>, engine: Engine) {
    this.#db = db;
    this.intoCdrs = inserterOf({ db, engine, table: 'cdr', key: 'call_sid', rowOf: cdrRow });
    this.intoAlerts = inserterOf({ db, engine, table: 'alert', key: 'sid', rowOf: alertRow });
  }

  async cdr(callSid: string): Promise<Cdr | undefined> {
    const row = await this.#db.selectFrom('cdr').selectAll().where('call_sid', '=', plain(callSid)).executeTakeFirst();
    return row === undefined ? undefined : cdrOf(row);
  }

  /** Newest first. */
  async cdrs(query: CdrQuery): Promise<Page<Cdr>> {
    const { page, count } = span(query);
    const where = (e: ExpressionBuilder<Tables, 'cdr'>) =>
      e.and([
        e('account_sid', '=', plain(query.accountSid)),
        ...(query.start === undefined ? [] : [e('attempted_at', '>=', query.start)]),
        ...(query.end === undefined ? [] : [e('attempted_at', '<', query.end)]),
        ...(query.direction === undefined ? [] : [e('direction', '=', query.direction)]),
        ...(query.trunk === undefined ? [] : [e('trunk', '=', plain(query.trunk))]),
        ...(query.answered === undefined ? [] : [e('answered', '=', query.answered ? 1 : 0)]),
        ...(query.filter === undefined ? [] : [matches(query.filter)]),
      ]);
    const counted = await this.#db
      .selectFrom('cdr')
      .select(sql<number>`count(*)`.as('total'))
      .where(where)
      .executeTakeFirst();
    const rows = await this.#db
      .selectFrom('cdr')
      .selectAll()
      .where(where)
      .orderBy('attempted_at', 'desc')
      .orderBy('call_sid')
      .limit(count)
      .offset((page - 1) * count)
      .execute();
    return { total: Number(counted?.total ?? 0), page, batch: count, data: rows.map(cdrOf) };
  }

  /** Newest first. */
  async alerts(query: AlertQuery): Promise<Page<Alert>> {
    const { page, count } = span(query);
    const where = (e: ExpressionBuilder<Tables, 'alert'>) =>
      e.and([
        e('account_sid', '=', plain(query.accountSid)),
        ...(query.start === undefined ? [] : [e('time', '>=', query.start)]),
        ...(query.end === undefined ? [] : [e('time', '<', query.end)]),
        ...(query.type === undefined ? [] : [e('type', '=', query.type)]),
      ]);
    const counted = await this.#db
      .selectFrom('alert')
      .select(sql<number>`count(*)`.as('total'))
      .where(where)
      .executeTakeFirst();
    const rows = await this.#db
      .selectFrom('alert')
      .selectAll()
      .where(where)
      .orderBy('time', 'desc')
      .orderBy('sid')
      .limit(count)
      .offset((page - 1) * count)
      .execute();
    return { total: Number(counted?.total ?? 0), page, batch: count, data: rows.map(alertOf) };
  }
}

/** `filter`: a piece of either party's number, or of either kind of call id. */
function matches(filter: string) {
  const like = contains(filter);
  return sql<boolean>`(lower(from_user) like ${like} escape '\\' or lower(to_user) like ${like} escape '\\'
    or lower(sip_call_id) like ${like} escape '\\' or lower(call_sid) like ${like} escape '\\')`;
}
