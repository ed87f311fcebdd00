/** Limits of an account as jambonz clients set them: `voice_call_session` is the account's `max_calls`. reference.md 2.1. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Account } from '../../ports/index.ts';
import { accountOf, requireAdmin } from '../auth.ts';
import type { ApiOptions } from '../options.ts';
import { closed, ignored, integer, sid } from '../schema.ts';
import { created, nothing } from './routes.ts';

const category = Type.Literal('voice_call_session', {
  description: 'Most calls at once. Other categories of jambonz are not limited by this version',
});
const limit = Type.Object({
  account_limits_sid: Type.String(),
  account_sid: Type.String(),
  category: Type.String(),
  quantity: Type.Integer(),
});
const params = closed({ account_sid: sid('Account') });
const path = '/Accounts/:account_sid/Limits';

export function addLimits(server: FastifyInstance, { directory }: ApiOptions): void {
  const set = async (accountSid: string, maxCalls: number | undefined): Promise<void> => {
    const { maxCalls: _, ...account } = directory.get('account', accountSid) as Account;
    await directory.put('account', maxCalls === undefined ? account : { ...account, maxCalls });
  };

  const list = {
    tags: ['Accounts'],
    summary: 'Limits of an account',
    params,
    querystring: closed({ category: Type.Optional(category) }),
    response: { 200: Type.Array(limit) },
  };
  server.get(path, { schema: list }, async (request) => {
    const { account_sid: accountSid } = request.params as { account_sid: string };
    accountOf(directory, request.scope, accountSid);
    const { maxCalls } = directory.get('account', accountSid) as Account;
    if (maxCalls === undefined) return [];
    return [
      { account_limits_sid: accountSid, account_sid: accountSid, category: 'voice_call_session', quantity: maxCalls },
    ];
  });

  const put = {
    tags: ['Accounts'],
    summary: 'Set a limit of an account; quantity 0 takes it away',
    params,
    body: closed({ category, quantity: integer('How many', 0, 1_000_000), account_sid: ignored }),
    response: { 201: created },
  };
  server.post(path, { schema: put }, async (request, reply) => {
    const { account_sid: accountSid } = request.params as { account_sid: string };
    accountOf(directory, request.scope, accountSid);
    requireAdmin(request.scope, 'the limits of an account');
    const { quantity } = request.body as { quantity: number };
    await set(accountSid, quantity === 0 ? undefined : quantity);
    return reply.code(201).send({ sid: accountSid });
  });

  const take = {
    tags: ['Accounts'],
    summary: 'Take a limit of an account away',
    params,
    querystring: closed({ category: Type.Optional(category) }),
    response: { 204: nothing },
  };
  server.delete(path, { schema: take }, async (request, reply) => {
    const { account_sid: accountSid } = request.params as { account_sid: string };
    accountOf(directory, request.scope, accountSid);
    requireAdmin(request.scope, 'the limits of an account');
    await set(accountSid, undefined);
    return reply.code(204).send();
  });
}
