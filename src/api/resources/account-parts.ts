/** Sub-paths of an account: its webhook secret and its SIP realm. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Account } from '../../ports/index.ts';
import { accountOf, requireAdmin, requireChange, requireSecrets } from '../auth.ts';
import type { ApiOptions } from '../options.ts';
import { closed, hostName, sid } from '../schema.ts';
import { nothing } from './routes.ts';

export function addAccountParts(server: FastifyInstance, { directory, random, origins }: ApiOptions): void {
  const secret = {
    tags: ['Accounts'],
    summary: 'Read the secret that signs hooks; regenerate=true makes a new one',
    params: closed({ account_sid: sid('Account') }),
    querystring: closed({ regenerate: Type.Optional(Type.Boolean()) }),
    response: { 200: Type.Object({ webhook_secret: Type.String() }) },
  };
  server.get('/Accounts/:account_sid/WebhookSecret', { schema: secret }, async (request) => {
    const { account_sid: accountSid } = request.params as { account_sid: string };
    accountOf(directory, request.scope, accountSid);
    requireSecrets(request.scope);
    const account = directory.get('account', accountSid) as Account;
    if ((request.query as { regenerate?: boolean }).regenerate !== true)
      return { webhook_secret: account.webhookSecret };
    requireChange(request, origins);
    const webhookSecret = `wh_${random.token(32)}`;
    await directory.put('account', { ...account, webhookSecret });
    return { webhook_secret: webhookSecret };
  });

  const realm = {
    tags: ['Accounts'],
    summary: 'Set the SIP domain of an account',
    params: closed({ account_sid: sid('Account'), realm: hostName('the SIP domain') }),
    response: { 204: nothing },
  };
  server.post('/Accounts/:account_sid/SipRealms/:realm', { schema: realm }, async (request, reply) => {
    const { account_sid: accountSid, realm: sipRealm } = request.params as { account_sid: string; realm: string };
    accountOf(directory, request.scope, accountSid);
    requireAdmin(request.scope, 'the SIP domain of an account');
    const account = directory.get('account', accountSid) as Account;
    await directory.put('account', { ...account, sipRealm: sipRealm.toLowerCase() });
    return reply.code(204).send();
  });
}
