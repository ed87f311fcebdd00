/** `/v1/Live`: server-sent events (WHATWG HTML §9.2) of calls, alerts and registrations. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { accountOf, type Keys, requireAdmin, type Scope } from '../auth.ts';
import { missing } from '../errors.ts';
import type { ApiOptions } from '../options.ts';
import { contactFields } from '../registered-users.ts';
import { closed } from '../schema.ts';
import { type LiveAsk, LiveHub } from './hub.ts';
import { OtherCalls } from './others.ts';

function ownerOf({ person, signedIn }: Scope): string {
  return signedIn?.session.hash ?? person.keySid ?? '';
}

/** The hub, with its way to hear of sessions and keys that end; it goes down with the server. */
function hubOf(server: FastifyInstance, options: ApiOptions): LiveHub {
  const { directory, watch, news, clock, live, sessions, nodes, log } = options;
  const others = new OtherCalls({ nodes, live, clock, log });
  const hub = new LiveHub({
    watch,
    news,
    clock,
    others,
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
    'Events: snapshot {calls, at, nodes}, call, nodes {shared, nodes}, gone {call_sid, ended}, levels {call_sid: dBFS}, alert, registration {aor, contacts}, heartbeat.',
  querystring: closed({
    account_sid: Type.Optional(Type.String({ maxLength: 64 })),
    levels: Type.Optional(Type.Enum(['0', '1'])),
    server: Type.Optional(
      Type.Enum(['0', '1'], {
        description: 'With account_sid: alerts of the server itself too. For the administrator',
      }),
    ),
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
    const { account_sid: asked, levels, server: whole } = request.query as Query;
    if (whole === '1') requireAdmin(request.scope, 'hearing alerts of the whole server');
    if (asked !== undefined) accountOf(directory, request.scope, asked);
    stream(hub, reply, {
      accountSid: asked ?? request.scope.accountSid,
      levels: levels === '1',
      server: whole === '1',
      own: false,
      owner: ownerOf(request.scope),
      allowed: allowed(request.scope),
    });
  });
  const ofNode = { ...schema, summary: 'The same, of the calls of this node alone: for the other nodes', hide: true };
  server.get('/Nodes/Live', { schema: ofNode, config: { nodes: 'own' } }, (request, reply) => {
    const { account_sid: accountSid, levels, server: whole } = request.query as Query;
    const { via, person } = request.scope;
    // A key has nothing to ask here: only a node knows what to do with half of the calls.
    if (via === undefined) throw missing('this');
    const allowed = (): Promise<boolean> => Promise.resolve(true);
    const ask = { accountSid, levels: levels === '1', server: whole === '1' };
    stream(hub, reply, { ...ask, own: true, owner: person.name, allowed });
  });
}

type Query = { readonly account_sid?: string; readonly levels?: string; readonly server?: string };

function stream(hub: LiveHub, reply: FastifyReply, ask: Omit<LiveAsk, 'sink'>): void {
  const { raw } = reply;
  const client = hub.join({ ...ask, sink: raw });
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
}
