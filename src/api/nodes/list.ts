/** `/v1/Nodes`: the nodes that this one knows of, for the administrator. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { requireAdmin } from '../auth.ts';
import type { ApiOptions } from '../options.ts';

export function addNodes(server: FastifyInstance, { nodes, live }: ApiOptions): void {
  const schema = {
    tags: ['Health'],
    summary: 'The nodes that share live state: this one, and those whose calls it can show and steer',
    response: {
      200: Type.Object({
        node: Type.String({ description: 'This one' }),
        others: Type.Array(Type.String()),
        shared: Type.Boolean({
          description: 'Is what the nodes share within reach? If not, `others` is what was known last',
        }),
      }),
    },
  };
  const self = {
    tags: ['Health'],
    summary: 'Which node this is, for other nodes: they meet it so',
    response: {
      200: Type.Object({
        node: Type.String(),
        direct: Type.Boolean({ description: 'Does this process itself listen where the node says that it is?' }),
      }),
    },
  };
  server.get('/Nodes/Self', { schema: self, config: { nodes: 'own' } }, () =>
    Promise.resolve({ node: nodes.name, direct: nodes.direct }),
  );
  server.get('/Nodes', { schema }, (request) => {
    requireAdmin(request.scope, 'the list of nodes');
    return Promise.resolve({ node: nodes.name, others: nodes.others(), shared: live.stats().up });
  });
}
