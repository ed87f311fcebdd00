/** /healthz, /readyz and /metrics: for load balancers and monitors, without a key. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { requireAdmin } from './auth.ts';
import type { ApiOptions } from './options.ts';

export function addHealth(server: FastifyInstance, { readiness, metrics, version }: ApiOptions): void {
  const schema = { tags: ['Health'], security: [] };
  server.get('/healthz', { schema: { ...schema, summary: 'The process serves' } }, () => {
    return Promise.resolve({ status: 'ok', version });
  });
  const told = Type.Object({ status: Type.String(), reason: Type.Optional(Type.String()) });
  const ready = { ...schema, summary: 'It can take a call; 503: it cannot', response: { 200: told, 503: told } };
  server.get('/readyz', { schema: ready }, (_, reply) => {
    const { ready: able, reason } = readiness();
    return reply.code(able ? 200 : 503).send({ status: able ? 'ready' : 'not ready', ...(reason ? { reason } : {}) });
  });
  server.get('/metrics', { schema: { ...schema, summary: 'Prometheus text' } }, async (_, reply) => {
    const { contentType, body } = await metrics.text();
    return reply.header('content-type', contentType).send(body);
  });
}

/** `/v1/Config`: the effective configuration, for the administrator; its secrets were hidden by whoever printed it. */
export function addConfig(server: FastifyInstance, { config }: ApiOptions): void {
  server.get('/Config', { schema: { tags: ['Health'], summary: 'The effective configuration' } }, (request) => {
    requireAdmin(request.scope, 'the configuration');
    return Promise.resolve(config ?? {});
  });
}
