/** What has happened: ended calls and alerts, page by page. */
import type { FastifyInstance } from 'fastify';
import { Type, type TProperties } from 'typebox';
import type { AlertQuery, AlertType, CdrQuery } from '../ports/index.ts';
import { accountOf, requireAdmin } from './auth.ts';
import { alertFields, cdrFields } from './cdr-fields.ts';
import { type Detail, invalid } from './errors.ts';
import type { ApiOptions } from './options.ts';
import { closed, integer, sid } from './schema.ts';
import { whenWritten } from './written.ts';

const dayMs = 86_400_000;
const inAccount = closed({ account_sid: sid('Account') });

const paging = {
  page: Type.Optional(integer('From 1', 1, 1_000_000)),
  count: Type.Optional(integer('Rows a page', 1, 500)),
  days: Type.Optional(integer('The last days; instead of start and end', 1, 3650)),
  start: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601 time' })),
  end: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601 time' })),
};

const rows = <P extends TProperties>(row: P) =>
  Type.Object({
    total: Type.Integer(),
    batch: Type.Integer(),
    page: Type.Integer(),
    data: Type.Array(Type.Object(row)),
  });

type Query = { page?: number; count?: number; days?: number; start?: string; end?: string } & Record<string, unknown>;

function timeOf(name: string, value: string | undefined, faults: Detail[]): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{10,13}$/.test(value) ? Number(value.padEnd(13, '0')) : Date.parse(value);
  if (Number.isFinite(ms)) return ms;
  faults.push({ path: `/${name}`, expected: 'an ISO 8601 time, like 2026-01-31T12:00:00Z', got: 'something else' });
  return undefined;
}

function span(query: Query, now: number): { start?: number; end?: number } {
  const faults: Detail[] = [];
  const start =
    timeOf('start', query.start, faults) ?? (query.days === undefined ? undefined : now - query.days * dayMs);
  const end = timeOf('end', query.end, faults);
  if (query.days !== undefined && query.start !== undefined) {
    faults.push({ path: '/days', expected: 'left out when start is given' });
  }
  if (faults.length > 0) throw invalid('the query', faults);
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

export function addRecords(server: FastifyInstance, { directory, store, clock }: ApiOptions): void {
  const callQuery = closed({
    ...paging,
    trunk: Type.Optional(Type.String({ maxLength: 255 })),
    direction: Type.Optional(Type.Enum(['inbound', 'outbound'])),
    answered: Type.Optional(Type.Boolean()),
    filter: Type.Optional(Type.String({ maxLength: 255, description: 'Part of from, to, call sid or Call-ID' })),
  });
  const calls = {
    tags: ['RecentCalls'],
    summary: 'Ended calls, newest first',
    params: inAccount,
    querystring: callQuery,
    response: { 200: rows({ call_sid: Type.String() }) },
  };
  server.get('/Accounts/:account_sid/RecentCalls', { schema: calls }, async (request) => {
    const accountSid = accountOf(directory, request.scope, (request.params as { account_sid: string }).account_sid);
    const { page = 1, count = 25, days: _, start: __, end: ___, ...filters } = request.query as Query;
    const query = { accountSid, page, count, ...span(request.query as Query, clock.now()), ...filters } as CdrQuery;
    const found = await store.cdrs(query);
    return { total: found.total, batch: found.batch, page: found.page, data: found.data.map(cdrFields) };
  });

  const alerts = {
    tags: ['Alerts'],
    summary: 'What went wrong, newest first',
    params: inAccount,
    querystring: closed({ ...paging, alert_type: Type.Optional(Type.String({ maxLength: 64 })) }),
    response: { 200: rows({ alert_type: Type.String() }) },
  };
  const listed = async (accountSid: string, asked: Query): Promise<object> => {
    const { page = 1, count = 25, alert_type: type } = asked as Query & { alert_type?: AlertType };
    const query: AlertQuery = {
      accountSid,
      page,
      count,
      ...span(asked, clock.now()),
      ...(type ? { type } : {}),
    };
    await whenWritten(store, clock);
    const found = await store.alerts(query);
    return { total: found.total, batch: found.batch, page: found.page, data: found.data.map(alertFields) };
  };
  server.get('/Accounts/:account_sid/Alerts', { schema: alerts }, (request) => {
    const { account_sid: sid } = request.params as { account_sid: string };
    return listed(accountOf(directory, request.scope, sid), request.query as Query);
  });
  const { params: _, ...ofServer } = { ...alerts, summary: 'What happened to the server as a whole, newest first' };
  server.get('/Alerts', { schema: ofServer }, (request) => {
    requireAdmin(request.scope, 'the list of alerts of the whole server');
    return listed('', request.query as Query);
  });
}
