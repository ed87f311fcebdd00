/** /healthz, /readyz and /metrics: for load balancers and monitors, without a key. */
import type { FastifyInstance } from 'fastify';
import { requireAdmin } from './auth.ts';
import type { ApiOptions } from './options.ts';

export function addHealth(server: FastifyInstance, { readiness, metrics, version }: ApiOptions): void {
  const schema = { tags: ['Health'], security: [] };
  server.get('/healthz', { schema: { ...schema, summary: 'The process serves' } }, () => {
    return Promise.resolve({ status: 'ok', version });
  });
  server.get('/readyz', { schema: { ...schema, summary: 'It can take a call' } }, (_, reply) => {
    const { ready, reason } = readiness();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', ...(reason ? { reason } : {}) });
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
