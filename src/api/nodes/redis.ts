/** What a node that is cut off from Redis alone has another do for it there: say that it lives, and write down its calls. Only
 * for itself: what it may is judged by whoever does it. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { GraineError } from '../../base/index.ts';
import { missing, nodeAway } from '../errors.ts';
import type { ApiOptions } from '../options.ts';

const longestBody = 1024 * 1024;

const body = Type.Object({
  script: Type.String({ maxLength: 32 }),
  values: Type.Array(Type.Union([Type.String({ maxLength: longestBody }), Type.Number()]), { maxItems: 256 }),
});

type Ask = { readonly script: string; readonly values: readonly (string | number)[] };

export function addRedis(server: FastifyInstance, { redisFor }: ApiOptions): void {
  const schema = { tags: ['Health'], summary: 'Redis by way of this node: for the other nodes', hide: true, body };
  const config = { nodes: 'own', anyRole: true, quiet: true } as const;
  server.post('/Nodes/Redis', { schema, config, bodyLimit: longestBody }, async (request) => {
    const { via } = request.scope;
    // A key has nothing to ask here.
    if (via === undefined) throw missing('this');
    const { script, values } = request.body as Ask;
    const answer = await redisFor?.(via.node, script, values);
    if (answer === undefined)
      throw new GraineError(nodeAway, { what: 'Redis', reason: 'this node does not reach it either' });
    return { answer };
  });
}
