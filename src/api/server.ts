/** The HTTP server of REST: fastify, schemas that validate and document, one shape of error. */
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { GraineError, messageOf } from '../base/index.ts';
import { type Gatekeeper, gatekeeper } from './auth.ts';
import { parseBody } from './body.ts';
import { addCalls } from './calls.ts';
import { addRefusals, document } from './document.ts';
import { type Detail, nodeAway, nodeRefused } from './errors.ts';
import { addEvents } from './events.ts';
import { addConfig, addHealth } from './health.ts';
import { addLive } from './live/route.ts';
import { addBodyCheck, compareBody } from './nodes/door.ts';
import { Elsewhere } from './nodes/elsewhere.ts';
import { addRedis } from './nodes/redis.ts';
import { addNodes } from './nodes/list.ts';
import type { ApiOptions } from './options.ts';
import { addAuditLog, addAuditTrail } from './people/audit.ts';
import { addSession, addSignIn } from './people/session.ts';
import { addSoftphone } from './people/softphone.ts';
import { addUsers } from './people/users.ts';
import { addPortal } from './portal.ts';
import { addRecordings } from './recordings.ts';
import { addRecords } from './records.ts';
import { addRegisteredUsers } from './registered-users.ts';
import { addAccountParts } from './resources/account-parts.ts';
import { addLimits } from './resources/limits.ts';
import { accounts } from './resources/accounts.ts';
import { addApiKeys } from './resources/api-keys.ts';
import { applications } from './resources/applications.ts';
import { carriers } from './resources/carriers.ts';
import { clients } from './resources/clients.ts';
import { gateways } from './resources/gateways.ts';
import { phoneNumbers } from './resources/phone-numbers.ts';
import { addResource } from './resources/routes.ts';
import { speechCredentials } from './resources/speech-credentials.ts';
import { teamsTenants } from './resources/teams-tenants.ts';
import { addTrace } from './trace.ts';
import { validatorFor } from './validate.ts';
import { addVerbSchemas } from './verb-schemas.ts';

export interface Api {
  /** `0` takes any free port. Resolves to the address it listens on. */
  listen(options: { host: string; port: number }): Promise<{ address: string; port: number }>;
  /** `http://host:port` once it listens. */
  address(): string | undefined;
  close(): Promise<void>;
}

const mostConnections = 1000;
const maxParamLength = 256;

type ErrorBody = { msg: string; code: string; details: readonly Detail[] };

const codes: Readonly<Record<number, string>> = {
  400: 'invalid-request',
  404: 'not-found',
  413: 'body-too-large',
  414: 'uri-too-long',
  415: 'unsupported-media-type',
};

/** What the framework says in words of its own. */
const words: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'the path is not valid: every % must be followed by two hex digits of UTF-8',
  FST_ERR_MAX_PARAM_LENGTH: `a part of the path is longer than ${maxParamLength} characters`,
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is longer than http.max_body_bytes allows',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be JSON, with Content-Type: application/json',
};

function detailsOf(fault: GraineError): readonly Detail[] {
  const faults = fault.details['faults'];
  return Array.isArray(faults) ? (faults as Detail[]) : [];
}

/** Nothing of our insides: no stack, no cause. */
function errorBody(fault: unknown): { status: number; body: ErrorBody } {
  if (fault instanceof GraineError) {
    const { code, http } = fault;
    return { status: http, body: { msg: fault.message, code, details: detailsOf(fault) } };
  }
  const status = (fault as FastifyError).statusCode ?? 500;
  if (status < 500) {
    const msg = words[(fault as FastifyError).code] ?? messageOf(fault);
    return { status, body: { msg, code: codes[status] ?? 'refused', details: [] } };
  }
  return {
    status: 500,
    body: { msg: 'internal error; the log of the server says more', code: 'internal', details: [] },
  };
}

/** Fit for a header. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function addErrors(server: FastifyInstance, { log }: ApiOptions): void {
  server.setErrorHandler((fault: unknown, request, reply) => {
    const { status, body } = errorBody(fault);
    const what = { method: request.method, route: request.routeOptions.url };
    // A limit, or a server too busy: no fault of ours, and there may be thousands a second.
    if (status === 503) log.warn({ ...what, why: messageOf(fault) }, 'REST request refused');
    else if (status >= 500) log.error({ ...what, fault }, 'REST request failed');
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    if (fault instanceof GraineError && fault.code === nodeRefused)
      void reply.header('graine-node-refused', plain(String(fault.details['reason'])));
    if (fault instanceof GraineError && fault.code === nodeAway) void reply.header('retry-after', '5');
    if (status === 429 && fault instanceof GraineError)
      void reply.header('retry-after', String(fault.details['seconds']));
    return reply.code(status).send(body);
  });
  server.setNotFoundHandler((request, reply) => {
    const msg = `there is no ${request.method} ${request.url.split('?')[0]?.slice(0, 200) ?? ''}. See /openapi.json`;
    return reply.code(404).send({ msg, code: 'not-found', details: [] });
  });
}

/** JSON only; the same headers on every answer. No CORS header at all: pages of other origins get nothing. */
function addManners(server: FastifyInstance, bodyLimit: number): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, (request, text, done) => {
    try {
      compareBody(request, text as string);
      done(null, parseBody(text as string));
    } catch (fault) {
      done(fault as Error);
    }
  });
  server.addHook('onSend', (_: FastifyRequest, reply: FastifyReply, payload, done) => {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    void reply.header('x-content-type-options', 'nosniff');
    done(null, payload);
  });
}

/** What a request carries beside what came. */
function addFields(server: FastifyInstance): void {
  server.decorateRequest('scope');
  server.decorateRequest('madeSid');
  server.decorateRequest('signedBody');
  server.decorateRequest('passedOn', false);
}

function addRest(server: FastifyInstance, options: ApiOptions, keeper: Gatekeeper): void {
  const { owner } = options;
  server.addHook('onRequest', async (request) => {
    // Whose calls are asked for may be another node's by now.
    if (owner?.sure === false) await owner.whenSure();
    await keeper.admit(request);
  });
  addBodyCheck(server);
  addAuditTrail(server, options);
  const elsewhere = new Elsewhere(options);
  addSession(server, options);
  addUsers(server, options);
  addAuditLog(server, options);
  addSoftphone(server, options);
  addLive(server, options, keeper.keys);
  addResource(server, accounts, options);
  addResource(server, applications, options);
  addResource(server, carriers, options);
  addResource(server, gateways, options);
  addResource(server, clients, options);
  addResource(server, phoneNumbers, options);
  addResource(server, teamsTenants, options);
  addResource(server, speechCredentials, options);
  addApiKeys(server, options);
  addAccountParts(server, options);
  addLimits(server, options);
  addCalls(server, options, elsewhere);
  addTrace(server, options, elsewhere);
  addEvents(server, options, elsewhere);
  addRecordings(server, options, elsewhere);
  addRecords(server, options);
  addRegisteredUsers(server, options);
  addConfig(server, options);
  addNodes(server, options);
  addRedis(server, options);
  addVerbSchemas(server);
}

function newServer(options: ApiOptions): FastifyInstance {
  return fastify({
    bodyLimit: options.maxBodyBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength },
    frameworkErrors: (fault, _, reply: FastifyReply) => {
      const { status, body } = errorBody(fault);
      void reply.code(status).send(body);
    },
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 30_000,
    http: { headersTimeout: 10_000, maxHeaderSize: 16_384 },
    forceCloseConnections: true,
    ...(options.trustedProxies.length === 0 ? {} : { trustProxy: [...options.trustedProxies] }),
  });
}

export async function createApi(options: ApiOptions): Promise<Api> {
  const server = newServer(options);
  server.setValidatorCompiler(({ schema, httpPart }) => validatorFor(schema as TSchema, httpPart ?? 'body'));
  server.setSerializerCompiler(() => (value) => JSON.stringify(value));
  addFields(server);
  addManners(server, options.maxBodyBytes);
  addErrors(server, options);
  await server.register(cookie);
  addRefusals(server);
  await server.register(swagger, document(options.version));
  server.get('/openapi.json', { schema: { tags: ['Health'], security: [], summary: 'This document' } }, () =>
    Promise.resolve(server.swagger()),
  );
  addHealth(server, options);
  if (options.portal.folder !== undefined) await addPortal(server, options.portal.folder);
  const keeper = gatekeeper(options);
  server.addHook('onClose', (_, done) => {
    keeper.close();
    done();
  });
  await server.register(
    (open, _, done) => {
      addSignIn(open, options, keeper.keys);
      done();
    },
    { prefix: '/v1' },
  );
  await server.register(
    (v1, _, done) => {
      addRest(v1, options, keeper);
      done();
    },
    { prefix: '/v1' },
  );
  await server.ready();
  // Idle connections must not use up the files that calls need.
  server.server.maxConnections = mostConnections;
  const where = () => server.server.address();
  return {
    listen: async ({ host, port }) => {
      await server.listen({ host, port });
      const at = where() as { address: string; port: number };
      return { address: at.address, port: at.port };
    },
    address: () => {
      const at = where();
      if (at === null || typeof at === 'string') return undefined;
      return `http://${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}`;
    },
    close: () => server.close(),
  };
}
