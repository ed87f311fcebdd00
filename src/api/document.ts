/** What the OpenAPI document says of all paths at once. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { cookieName } from './auth.ts';

const refusal = Type.Object(
  {
    msg: Type.String({ description: 'What is wrong and what to do' }),
    code: Type.String({ description: 'Permanent; docs/errors.md lists them' }),
    details: Type.Array(
      Type.Object({
        path: Type.String({ description: 'JSON pointer to the field' }),
        expected: Type.String(),
        got: Type.Optional(Type.String()),
        fix: Type.Optional(Type.String()),
      }),
    ),
  },
  { description: 'Refused' },
);
const anything = { description: 'Default Response', content: { '*/*': { schema: {} } } };

/** Every path of REST refuses in one shape: the document says so of each. */
export function addRefusals(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    const { schema } = route;
    if (schema === undefined || !route.url.startsWith('/v1/')) return;
    const response = (schema.response ?? { 200: anything }) as object;
    route.schema = { ...schema, response: { ...response, '4xx': refusal, '5xx': refusal } };
  });
}

export function document(version: string) {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Graine',
        version,
        description: 'Provision the server, place and steer calls, read what happened.',
      },
      components: {
        securitySchemes: {
          key: { type: 'http' as const, scheme: 'bearer' },
          session: { type: 'apiKey' as const, in: 'cookie' as const, name: cookieName },
        },
      },
      security: [{ key: [] }, { session: [] }],
    },
  };
}
