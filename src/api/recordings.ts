/** Recordings of ended calls: list, download (with ranges, RFC 9110 §14), delete. Who may read the CDR may do all of it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type OpenRecording, sameSession } from '../call/index.ts';
import { accountOf } from './auth.ts';
import { missing } from './errors.ts';
import type { Elsewhere } from './nodes/elsewhere.ts';
import type { ApiOptions } from './options.ts';
import { closed, sid } from './schema.ts';

const ofCall = { account_sid: sid('Account'), call_sid: sid('Call') };
const ofFile = { ...ofCall, name: Type.String({ maxLength: 64, description: 'As the list names it' }) };
const tags = ['RecentCalls'];

export function addRecordings(server: FastifyInstance, options: ApiOptions, elsewhere: Elsewhere): void {
  const config = { nodes: 'passed' as const };
  const place = '/Accounts/:account_sid/RecentCalls/:call_sid/record';
  const list = { tags, summary: 'Recordings of a call, oldest first', params: closed(ofCall) };
  server.get(place, { schema: list, config }, async (request, reply) => {
    const name = await namedBy(options, request);
    const found = await options.recordings.list(name);
    // The record names one: it lies at the node that made it, or is gone.
    if (found.length === 0 && name !== '') return (await elsewhere.gather(request, reply)).flat();
    return found.map(({ name, bytes, endedAt }) => ({ name, bytes, ended_at: new Date(endedAt).toISOString() }));
  });
  const load = { tags, summary: 'One recording: a WAV, or a range of its bytes', params: closed(ofFile) };
  server.get(`${place}/:name`, { schema: load, config }, async (request, reply) => {
    const name = await checked(options, request);
    const file = await options.recordings.open(name);
    if (file === undefined) return elsewhere.search(request, reply, `recording ${name}`);
    return send(request, reply, file);
  });
  const remove = { tags, summary: 'Deletes a recording', params: closed(ofFile) };
  server.delete(`${place}/:name`, { schema: remove, config }, async (request, reply) => {
    const name = await checked(options, request);
    if (!(await options.recordings.remove(name))) return elsewhere.search(request, reply, `recording ${name}`);
    options.log.info({ name }, 'recording deleted by REST');
    return reply.code(204).send();
  });
}

/** File name of the recording that the call's CDR names. */
async function namedBy({ directory, store }: ApiOptions, request: FastifyRequest): Promise<string> {
  const { account_sid: account, call_sid: callSid } = request.params as { account_sid: string; call_sid: string };
  const accountSid = accountOf(directory, request.scope, account);
  const cdr = await store.cdr(callSid);
  if (cdr?.accountSid !== accountSid) throw missing(`call ${callSid}`);
  return cdr.recordingUrl?.split('/').at(-1) ?? '';
}

async function checked(options: ApiOptions, request: FastifyRequest): Promise<string> {
  const { name } = request.params as { name: string };
  if (!sameSession(name, await namedBy(options, request))) throw missing('this recording');
  return name;
}

async function send(request: FastifyRequest, reply: FastifyReply, file: OpenRecording): Promise<FastifyReply> {
  const { handle, bytes, endedAt } = file;
  void reply
    .type('audio/wav')
    .header('accept-ranges', 'bytes')
    .header('last-modified', new Date(endedAt).toUTCString());
  const range = rangeOf(request.headers.range, bytes);
  if (range === 'unsatisfiable') {
    await handle.close();
    return reply.code(416).header('content-range', `bytes */${bytes}`).send();
  }
  const { start, end } = range ?? { start: 0, end: bytes - 1 };
  if (range !== undefined) void reply.code(206).header('content-range', `bytes ${start}-${end}/${bytes}`);
  void reply.header('content-length', end - start + 1);
  // The stream closes the file, whether it is read to its end or not.
  return reply.send(handle.createReadStream({ start, end, highWaterMark: 65_536 }));
}

/** One range; several, and what cannot be read, are answered with all of it (RFC 9110 §14.2). */
export function rangeOf(
  header: string | undefined,
  bytes: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(' ', '') ?? '');
  const [, first = '', last = ''] = asked ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(bytes - 1, Number(last));
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  return start > end ? 'unsatisfiable' : { start, end };
}
