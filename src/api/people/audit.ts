/** The audit log: every change is written down, and read at `/v1/AuditLog`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { deedDetail } from '../../access/index.ts';
import type { AuditEntry } from '../../ports/index.ts';
import { accountOf } from '../auth.ts';
import type { ApiOptions } from '../options.ts';
import { closed, integer } from '../schema.ts';
import { whenWritten } from '../written.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The sid of what a create made. */
    madeSid: string | undefined;
  }
}

const actions: Readonly<Record<string, string>> = { POST: 'create', PUT: 'change', PATCH: 'change', DELETE: 'delete' };

/** `/v1/Accounts/a/Calls/c` is `Calls/c`: whose it is has its own column. */
function whatOf({ url, madeSid }: FastifyRequest): string {
  const path = (url.split('?')[0] ?? '').replace(/^\/v1\//, '').replace(/\/$/, '');
  const short = path.replace(/^Accounts\/[^/]+\/(?=.)/, '');
  return madeSid === undefined ? short : `${short}/${madeSid}`;
}

function actionOf({ method, url }: FastifyRequest): string {
  if (/\/password\/?$/.test(url)) return 'change';
  // A command to a call that runs; jambonz takes POST for it too.
  if (method === 'POST' && /\/Calls\/[^/?]+/.test(url)) return 'change';
  return actions[method] ?? 'change';
}

/** Signing in and out write their own lines. */
function tellsItself({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url === '/v1/session';
}

function isDeed(request: FastifyRequest): boolean {
  if (tellsItself(request) || request.routeOptions.config.quiet === true) return false;
  if (request.method === 'HEAD' || request.method === 'OPTIONS') return false;
  return request.method !== 'GET' || (request.query as { regenerate?: unknown }).regenerate === true;
}

export function addAuditTrail(server: FastifyInstance, { audit }: ApiOptions): void {
  server.addHook('preSerialization', (request, _, payload, done) => {
    const sid = (payload as { sid?: unknown } | null | undefined)?.sid;
    if (request.method === 'POST' && typeof sid === 'string') request.madeSid = sid;
    done(null, payload);
  });
  server.addHook('onResponse', (request, reply, done) => {
    // Of what was refused only trespass is told; what was not valid changed nothing.
    const told = reply.statusCode < 400 || reply.statusCode === 403;
    const { scope } = request;
    if (told && scope !== undefined && !request.passedOn && isDeed(request)) {
      audit.write({
        person: scope.person,
        action: reply.statusCode === 403 ? 'refused' : actionOf(request),
        what: whatOf(request),
        accountSid: scope.touched.accountSid ?? scope.accountSid,
        address: scope.via?.address ?? request.ip,
        detail: deedDetail(request.body),
      });
    }
    done();
  });
}

const row = Type.Object({
  at: Type.String(),
  who: Type.Object({
    user_sid: Type.Optional(Type.String()),
    key_sid: Type.Optional(Type.String()),
    name: Type.String(),
    role: Type.String(),
  }),
  action: Type.String(),
  what: Type.String(),
  account_sid: Type.Union([Type.String(), Type.Null()]),
  address: Type.String(),
  detail: Type.Record(Type.String(), Type.Unknown()),
});

function rowOf({ at, who, action, what, accountSid, address, detail }: AuditEntry): Record<string, unknown> {
  const { userSid, keySid, name, role } = who;
  return {
    at: new Date(at).toISOString(),
    who: {
      ...(userSid === undefined ? {} : { user_sid: userSid }),
      ...(keySid === undefined ? {} : { key_sid: keySid }),
      name,
      role,
    },
    action,
    what,
    account_sid: accountSid === '' ? null : accountSid,
    address,
    detail,
  };
}

export function addAuditLog(server: FastifyInstance, { directory, store, clock }: ApiOptions): void {
  const schema = {
    tags: ['AuditLog'],
    summary: 'Who changed what, and who signed in or failed to; newest first',
    querystring: closed({
      account_sid: Type.Optional(Type.String({ maxLength: 64 })),
      page: Type.Optional(integer('From 1', 1, 1_000_000)),
      count: Type.Optional(integer('Rows a page', 1, 500)),
    }),
    response: {
      200: Type.Object({
        total: Type.Integer(),
        batch: Type.Integer(),
        page: Type.Integer(),
        data: Type.Array(row),
      }),
    },
  };
  server.get('/AuditLog', { schema }, async (request) => {
    const {
      account_sid: asked,
      page = 1,
      count = 25,
    } = request.query as {
      account_sid?: string;
      page?: number;
      count?: number;
    };
    if (asked !== undefined) accountOf(directory, request.scope, asked);
    const accountSid = asked ?? request.scope.accountSid;
    await whenWritten(store, clock);
    const found = await store.audit({ page, count, ...(accountSid === undefined ? {} : { accountSid }) });
    return { total: found.total, batch: found.batch, page: found.page, data: found.data.map(rowOf) };
  });
}
