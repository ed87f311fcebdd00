/** `/v1/Live`: server-sent events (WHATWG HTML §9.2) of calls, alerts and registrations. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { accountOf, type Keys, type Scope } from '../auth.ts';
import type { ApiOptions } from '../options.ts';
import { contactFields } from '../registered-users.ts';
import { closed } from '../schema.ts';
import { LiveHub } from './hub.ts';

function ownerOf({ person, signedIn }: Scope): string {
  return signedIn?.session.hash ?? person.keySid ?? '';
}

/** The hub, with its way to hear of sessions and keys that end; it goes down with the server. */
function hubOf(server: FastifyInstance, options: ApiOptions): LiveHub {
  const { directory, watch, news, clock, live, sessions } = options;
  const hub = new LiveHub({
    watch,
    news,
    clock,
    contactsOf: async (aor, accountSid) => {
      const bindings = await live.bindings(aor);
      return bindings.filter((each) => each.accountSid === accountSid).map((each) => contactFields(each, directory));
    },
  });
  const off = [
    sessions.events.on('ended', (hashes) => hashes.forEach((hash) => hub.drop(hash))),
    directory.events.on('changed', (kind, sid) => {
      if (kind === 'apiKey' && directory.get('apiKey', sid) === undefined) hub.drop(sid);
    }),
  ];
  // Before the server waits for its connections: these would never end by themselves.
  server.addHook('preClose', (done) => {
    hub.close();
    for (const each of off) each();
    done();
  });
  return hub;
}

const schema = {
  tags: ['Live'],
  summary: 'Calls as they go, alerts and registrations: server-sent events',
  description:
    'Events: snapshot {calls, at}, call, gone {call_sid, ended}, levels {call_sid: dBFS}, alert, registration {aor, contacts}, heartbeat.',
  querystring: closed({
    account_sid: Type.Optional(Type.String({ maxLength: 64 })),
    levels: Type.Optional(Type.Enum(['0', '1'])),
  }),
};

export function addLive(server: FastifyInstance, options: ApiOptions, keys: Keys): void {
  const { directory, sessions } = options;
  const hub = hubOf(server, options);
  const allowed =
    ({ signedIn, person }: Scope) =>
    async (): Promise<boolean> => {
      if (signedIn !== undefined) return sessions.stands(signedIn.session);
      return keys.stands(person.keySid ?? '');
    };
  server.get('/Live', { schema }, (request, reply) => {
    const { account_sid: asked, levels } = request.query as { account_sid?: string; levels?: string };
    if (asked !== undefined) accountOf(directory, request.scope, asked);
    const { raw } = reply;
    const client = hub.join({
      sink: raw,
      accountSid: asked ?? request.scope.accountSid,
      levels: levels === '1',
      owner: ownerOf(request.scope),
      allowed: allowed(request.scope),
    });
    reply.hijack();
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    raw.once('close', () => hub.leave(client));
    raw.on('error', () => hub.leave(client));
    client.flush();
  });
}
