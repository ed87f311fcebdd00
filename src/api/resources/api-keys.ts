/** API keys: `/v1/ApiKeys`. The token is shown once, when the key is made; only its hash is kept. */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { GraineError } from '../../base/index.ts';
import type { ApiKey } from '../../ports/index.ts';
import { accountOf, requireAdmin } from '../auth.ts';
import { lastAdmin, missing } from '../errors.ts';
import type { ApiOptions } from '../options.ts';
import { closed, ignored, integer, maybe, sid, text } from '../schema.ts';
import { nothing } from './routes.ts';

const body = closed({
  account_sid: maybe(sid('Account the key is for; without it, the administrator')),
  name: maybe(text('To tell keys apart')),
  expiry_secs: maybe(integer('Seconds until it is refused', 1, 315_360_000)),
  service_provider_sid: ignored,
});
type Body = { account_sid?: string | null; name?: string | null; expiry_secs?: number | null };

const made = Type.Object({ sid: Type.String(), token: Type.String({ description: 'Shown this once' }) });
const shown = Type.Object({
  api_key_sid: Type.String(),
  account_sid: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  created_at: Type.String(),
  expires_at: Type.Union([Type.String(), Type.Null()]),
});

function fieldsOf(key: ApiKey): Record<string, unknown> {
  return {
    api_key_sid: key.sid,
    account_sid: key.accountSid ?? null,
    name: key.name ?? null,
    created_at: new Date(key.createdAt).toISOString(),
    expires_at: key.expiresAt === undefined ? null : new Date(key.expiresAt).toISOString(),
  };
}

export function addApiKeys(server: FastifyInstance, { directory, random, clock }: ApiOptions): void {
  const tags = ['ApiKeys'];

  async function create(accountSid: string | undefined, { name, expiry_secs: expiry }: Body) {
    const token = `graine_${random.token(40)}`;
    const key: ApiKey = {
      sid: random.uuid(),
      ...(accountSid === undefined ? {} : { accountSid }),
      tokenHash: createHash('sha256').update(token).digest('hex'),
      ...(name ? { name } : {}),
      createdAt: clock.now(),
      ...(expiry ? { expiresAt: clock.now() + expiry * 1000 } : {}),
    };
    await directory.put('apiKey', key);
    return { sid: key.sid, token };
  }

  const make = { tags, summary: 'Create an API key', body, response: { 201: made } };
  server.post('/ApiKeys', { schema: make }, async (request, reply) => {
    const sent = (request.body ?? {}) as Body;
    const accountSid = sent.account_sid ?? request.scope.accountSid;
    if (accountSid !== undefined) accountOf(directory, request.scope, accountSid);
    return reply.code(201).send(await create(accountSid, sent));
  });

  const inAccount = closed({ account_sid: sid('Account') });
  server.post('/Accounts/:account_sid/ApiKeys', { schema: { ...make, params: inAccount } }, async (request, reply) => {
    const { account_sid: accountSid } = request.params as { account_sid: string };
    accountOf(directory, request.scope, accountSid);
    return reply.code(201).send(await create(accountSid, (request.body ?? {}) as Body));
  });

  const list = { tags, summary: 'List API keys', response: { 200: Type.Array(shown) } };
  server.get('/ApiKeys', { schema: list }, (request) => {
    return Promise.resolve(directory.all('apiKey', request.scope.accountSid).map(fieldsOf));
  });
  server.get('/Accounts/:account_sid/ApiKeys', { schema: { ...list, params: inAccount } }, (request) => {
    const { account_sid: accountSid } = request.params as { account_sid: string };
    accountOf(directory, request.scope, accountSid);
    return Promise.resolve(directory.all('apiKey', accountSid).map(fieldsOf));
  });

  const remove = {
    tags,
    summary: 'Delete an API key',
    params: closed({ sid: sid('API key') }),
    response: { 204: nothing },
  };
  server.delete('/ApiKeys/:sid', { schema: remove }, async (request, reply) => {
    const { sid: wanted } = request.params as { sid: string };
    const key = directory.get('apiKey', wanted);
    const { accountSid } = request.scope;
    if (key === undefined || (accountSid !== undefined && key.accountSid !== accountSid))
      throw missing(`API key ${wanted}`);
    if (key.accountSid === undefined) {
      requireAdmin(request.scope, 'deleting an administrator key');
      const opens = ({ sid: own, accountSid: whose, expiresAt = Infinity }: ApiKey): boolean =>
        whose === undefined && own !== key.sid && expiresAt > clock.now();
      if (!directory.all('apiKey').some(opens)) throw new GraineError(lastAdmin, { sid: wanted });
    }
    await directory.remove('apiKey', wanted);
    return reply.code(204).send();
  });
}
