/** Who is registered now: `/v1/Accounts/{sid}/RegisteredSipUsers`. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Binding } from '../ports/index.ts';
import { accountOf } from './auth.ts';
import { missing } from './errors.ts';
import type { ApiDirectory, ApiOptions } from './options.ts';
import { closed, sid } from './schema.ts';

type Params = { account_sid: string; client: string };

/** One contact of a registered user. */
export function contactFields(binding: Binding, directory: Pick<ApiDirectory, 'get'>): Record<string, unknown> {
  const client = directory.get('client', binding.clientSid);
  return {
    name: binding.aor,
    contact: binding.contact,
    expiryTime: binding.expiresAt,
    protocol: binding.transport,
    source: `${binding.address}:${binding.port}`,
    user_agent: binding.userAgent,
    registered_at: new Date(binding.registeredAt).toISOString(),
    allow_direct_app_calling: client?.allowDirectAppCalling ?? false,
    allow_direct_queue_calling: client?.allowDirectQueueCalling ?? false,
    allow_direct_user_calling: client?.allowDirectUserCalling ?? false,
    registered_status: 'active',
  };
}

export function addRegisteredUsers(server: FastifyInstance, { directory, live }: ApiOptions): void {
  const tags = ['RegisteredSipUsers'];
  const inAccount = closed({ account_sid: sid('Account') });

  const detail = (binding: Binding) => contactFields(binding, directory);

  const shown = Type.Array(Type.Object({ name: Type.String(), contact: Type.String() }));
  const list = { tags, summary: 'Registered users, one row a contact', params: inAccount, response: { 200: shown } };
  server.get('/Accounts/:account_sid/RegisteredSipUsers', { schema: list }, async (request) => {
    const accountSid = accountOf(directory, request.scope, (request.params as Params).account_sid);
    return (await live.bindingsOf(accountSid)).map(detail);
  });

  const names = Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 1000 });
  const some = {
    tags,
    summary: 'Details of the users named',
    params: inAccount,
    body: names,
    response: { 200: shown },
  };
  // A question with a body.
  const config = { anyRole: true, quiet: true };
  server.post('/Accounts/:account_sid/RegisteredSipUsers', { schema: some, config }, async (request) => {
    const accountSid = accountOf(directory, request.scope, (request.params as Params).account_sid);
    const wanted = new Set((request.body as string[]).map((name) => name.toLowerCase()));
    const bindings = await live.bindingsOf(accountSid);
    return bindings.filter(({ aor }) => wanted.has(aor) || wanted.has(aor.split('@')[0] as string)).map(detail);
  });

  const one = {
    tags,
    summary: 'Contacts of one user',
    params: closed({ account_sid: sid('Account'), client: Type.String() }),
  };
  server.get('/Accounts/:account_sid/RegisteredSipUsers/:client', { schema: one }, async (request) => {
    const { account_sid: account, client } = request.params as Params;
    const accountSid = accountOf(directory, request.scope, account);
    const name = client.toLowerCase();
    const bindings = await live.bindingsOf(accountSid);
    const found = bindings.filter(({ aor }) => aor === name || aor.startsWith(`${name}@`));
    if (found.length === 0) throw missing(`registered user ${client.slice(0, 64)}`);
    return found.map(detail);
  });
}
