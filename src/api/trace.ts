/** The timeline of a call: JSON, a capture file, or the ladder page. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { accountOf } from './auth.ts';
import type { Elsewhere } from './nodes/elsewhere.ts';
import type { ApiOptions } from './options.ts';
import { closed, sid } from './schema.ts';

export function addTrace(server: FastifyInstance, { directory, timelines }: ApiOptions, elsewhere: Elsewhere): void {
  const schema = {
    tags: ['Calls'],
    summary: 'The timeline of a call: SIP, hooks, media, state moves',
    params: closed({ account_sid: sid('Account'), call_sid: sid('Call') }),
    querystring: closed({ format: Type.Optional(Type.Enum(['json', 'pcap', 'html'])) }),
  };
  const route = { schema, config: { nodes: 'passed' as const }, preHandler: elsewhere.passOn };
  server.get('/Accounts/:account_sid/Calls/:call_sid/Trace', route, async (request, reply) => {
    const { account_sid: account, call_sid: callSid } = request.params as { account_sid: string; call_sid: string };
    const accountSid = accountOf(directory, request.scope, account);
    const { format = 'json' } = request.query as { format?: 'json' | 'pcap' | 'html' };
    const what = `the trace of call ${callSid}`;
    const name = callSid.replace(/[^\w-]/g, '_');
    if (format === 'pcap') {
      const file = await timelines.pcap(accountSid, callSid);
      if (file === undefined) return elsewhere.search(request, reply, what);
      void reply.header('content-disposition', `attachment; filename="${name}.pcap"`);
      return reply.type('application/vnd.tcpdump.pcap').send(file);
    }
    if (format === 'html') {
      const page = await timelines.page(accountSid, callSid);
      if (page === undefined) return elsewhere.search(request, reply, what);
      // The page brings its own policy; the API's would forbid its style.
      void reply.removeHeader('content-security-policy');
      return reply.type('text/html; charset=utf-8').send(page);
    }
    const rows = await timelines.timeline(accountSid, callSid);
    if (rows === undefined) return elsewhere.search(request, reply, what);
    return rows;
  });
}
