/** `/v1/Verbs`: the verbs as JSON Schema, and a check of a document without a call. The portal's dial builder lives on it. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { verbFaults, verbSchemas } from '../verbs/index.ts';
import { closed } from './schema.ts';

const fault = Type.Object({
  path: Type.String({ description: 'JSON pointer into the document' }),
  expected: Type.String(),
  got: Type.String(),
  fix: Type.Optional(Type.String()),
});

export function addVerbSchemas(server: FastifyInstance): void {
  const tags = ['Verbs'];
  const list = { tags, summary: 'Every verb with the JSON Schema of its options' };
  server.get('/Verbs', { schema: list }, () => Promise.resolve(verbSchemas));

  const check = {
    tags,
    summary: 'Check a document of verbs: its faults, none when it would run as it is',
    body: closed({ app_json: Type.Array(Type.Unknown(), { maxItems: 200, description: 'Verbs' }) }),
    response: { 200: Type.Object({ faults: Type.Array(fault) }) },
  };
  // It changes nothing: whoever only looks may ask it too, and it is no deed to write down.
  server.post('/Verbs/Check', { schema: check, config: { anyRole: true, quiet: true } }, (request) =>
    Promise.resolve({ faults: verbFaults((request.body as { app_json: unknown[] }).app_json) }),
  );
}
