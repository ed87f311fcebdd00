/** What a call's WebSocket application was told, so that one that was away can fetch what it missed. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { accountOf } from './auth.ts';
import type { Elsewhere } from './nodes/elsewhere.ts';
import type { ApiOptions } from './options.ts';
import { closed, sid } from './schema.ts';

export function addEvents(
  server: FastifyInstance,
  { directory, control, events }: ApiOptions,
  elsewhere: Elsewhere,
): void {
  const schema = {
    tags: ['Calls'],
    summary: 'The messages to the WebSocket application of a call, after a sequence number',
    params: closed({ account_sid: sid('Account'), call_sid: sid('Call') }),
    querystring: closed({
      after: Type.Optional(
        Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'The last seq that is known' }),
      ),
    }),
  };
  const route = { schema, config: { nodes: 'passed' as const }, preHandler: elsewhere.passOn };
  server.get('/Accounts/:account_sid/Calls/:call_sid/Events', route, async (request, reply) => {
    const { account_sid: account, call_sid: callSid } = request.params as { account_sid: string; call_sid: string };
    const accountSid = accountOf(directory, request.scope, account);
    const { after = 0 } = request.query as { after?: number };
    const known = events.events(accountSid, callSid, after);
    if (known === undefined && control.get(accountSid, callSid) === undefined)
      return elsewhere.search(request, reply, `call ${callSid}`);
    const { events: found = [], last = 0, lost = 0 } = known ?? {};
    const shown = found.map(({ id, at, data, ...event }) => ({
      ...event,
      msgid: id,
      at: new Date(at).toISOString(),
      data,
    }));
    return { events: shown, last, lost };
  });
}
