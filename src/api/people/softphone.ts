/** What the portal's softphone needs: where SIP over WebSocket is, and credentials that die with the session. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Account } from '../../ports/index.ts';
import { accountOf } from '../auth.ts';
import type { ApiOptions } from '../options.ts';
import { closed, sid } from '../schema.ts';
import { needSession } from './session.ts';

const place = Type.Union([Type.String(), Type.Null()]);

export function addSoftphone(server: FastifyInstance, options: ApiOptions): void {
  const { directory, softphones, portal, version } = options;
  const config = {
    tags: ['Portal'],
    summary: 'What the portal needs to know of this server',
    response: {
      200: Type.Object({
        sip: Type.Object({ ws: place, wss: place, realm: Type.String() }),
        features: Type.Record(Type.String(), Type.Boolean()),
        version: Type.String(),
      }),
    },
  };
  server.get('/Portal/Config', { schema: config }, (request) => {
    const { ws, wss, realm } = portal.sip();
    const { accountSid } = request.scope;
    const own = accountSid === undefined ? undefined : directory.get('account', accountSid)?.sipRealm;
    return Promise.resolve({
      sip: { ws: ws ?? null, wss: wss ?? null, realm: own ?? realm },
      features: {
        live: true,
        levels: true,
        audit: true,
        users: true,
        softphone: ws !== undefined || wss !== undefined,
        echo: portal.echo,
      },
      version,
    });
  });

  const issue = {
    tags: ['Portal'],
    summary: 'SIP credentials for the softphone of whoever is signed in; they end with the session',
    params: closed({ account_sid: sid('Account') }),
    response: {
      201: Type.Object({
        username: Type.String(),
        password: Type.String(),
        realm: Type.String(),
        name: place,
        expires_at: Type.String(),
      }),
    },
  };
  server.post('/Accounts/:account_sid/SoftphoneCredentials', { schema: issue }, async (request, reply) => {
    const { account_sid: wanted } = request.params as { account_sid: string };
    const account = directory.get('account', accountOf(directory, request.scope, wanted)) as Account;
    const signedIn = needSession(request.scope.signedIn, 'a softphone');
    const { username, password, realm, name = null, expiresAt } = await softphones.issue(signedIn, account);
    return reply.code(201).send({ username, password, realm, name, expires_at: new Date(expiresAt).toISOString() });
  });
}
