/** Calls: place, list, read, steer, forget. reference.md 4.1 to 4.3. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Cdr, ControlResult } from '../ports/index.ts';
import { accountOf } from './auth.ts';
import { commandFault, createBody, updateBody } from './call-bodies.ts';
import { cdrFields } from './cdr-fields.ts';
import { callRefused, invalid, invalidRequest, missing } from './errors.ts';
import { Idempotency } from './idempotency.ts';
import type { Elsewhere } from './nodes/elsewhere.ts';
import type { ApiOptions } from './options.ts';
import { placeable, placingFaults } from './placing.ts';
import { nothing } from './resources/routes.ts';
import { closed, sid } from './schema.ts';

const tags = ['Calls'];
const inAccount = closed({ account_sid: sid('Account') });
const oneCall = closed({ account_sid: sid('Account'), call_sid: sid('Call') });
type Params = { account_sid: string; call_sid: string };
type Body = Readonly<Record<string, unknown>>;

const listQuery = closed({
  direction: Type.Optional(Type.Enum(['inbound', 'outbound'])),
  from: Type.Optional(Type.String({ maxLength: 255 })),
  to: Type.Optional(Type.String({ maxLength: 255 })),
  callStatus: Type.Optional(Type.String({ maxLength: 32 })),
});

const passed = { nodes: 'passed' } as const;

function whatOf({ params }: FastifyRequest): string {
  return `call ${(params as Params).call_sid}`;
}

function answer(reply: FastifyReply, result: ControlResult): FastifyReply {
  if (!result.ok && result.retryAfterSeconds !== undefined)
    void reply.header('retry-after', String(result.retryAfterSeconds));
  if (!result.ok) return reply.code(result.status).send({ msg: result.message, code: callRefused, details: [] });
  return reply.code(result.status).send(result.body);
}

/** Calls whose record was deleted: hidden from reads. Bounded; the oldest come back. */
class Erased {
  readonly #sids = new Set<string>();

  add(callSid: string): void {
    this.#sids.add(callSid);
    if (this.#sids.size <= 10_000) return;
    const [oldest] = this.#sids;
    if (oldest !== undefined) this.#sids.delete(oldest);
  }

  has(callSid: string): boolean {
    return this.#sids.has(callSid);
  }
}

/** Null means not set: what control gets has no nulls. */
function withoutNulls(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

/** The calls of accounts, running or ended. */
class Calls {
  readonly #options: ApiOptions;
  readonly #erased = new Erased();
  readonly #once: Idempotency;

  readonly #elsewhere: Elsewhere;

  constructor(options: ApiOptions, elsewhere: Elsewhere) {
    this.#options = options;
    this.#elsewhere = elsewhere;
    this.#once = new Idempotency(options.clock);
  }

  addReads(server: FastifyInstance): void {
    const { control } = this.#options;
    const list = { tags, summary: 'List the calls that are running', params: inAccount, querystring: listQuery };
    server.get('/Accounts/:account_sid/Calls', { schema: list, config: passed }, async (request, reply) => {
      const accountSid = this.#account(request);
      const others = await this.#elsewhere.gather(request, reply);
      const calls = control.list(accountSid, request.query as Record<string, string>);
      const here = calls.filter((call) => !this.#erased.has(call.call_sid));
      return [...here, ...others.flatMap((part) => (Array.isArray(part) ? part : []))];
    });
    const count = { tags, summary: 'Count the calls that are running', params: inAccount };
    server.get('/Accounts/:account_sid/CallCount', { schema: count, config: passed }, async (request, reply) => {
      const accountSid = this.#account(request);
      const others = (await this.#elsewhere.gather(request, reply)) as Partial<Record<string, number>>[];
      const here = control.count(accountSid);
      const sum = (way: 'inbound' | 'outbound') =>
        others.reduce((all, each) => all + Number(each[way] ?? 0), here[way]);
      return { inbound: sum('inbound'), outbound: sum('outbound') };
    });
    const read = { tags, summary: 'Read a call', params: oneCall };
    const { passOn } = this.#elsewhere;
    const one = { config: passed, preHandler: passOn };
    server.get('/Accounts/:account_sid/Calls/:call_sid', { schema: read, ...one }, async (request, reply) => {
      return (await this.#find(request)) ?? this.#elsewhere.search(request, reply, whatOf(request));
    });
    const quality = {
      tags,
      summary: 'What was measured of a running call so far, leg by leg and second by second',
      params: oneCall,
    };
    server.get('/Accounts/:account_sid/Calls/:call_sid/Quality', { schema: quality, ...one }, async (request) => {
      const { call_sid: callSid } = request.params as Params;
      const legs = await control.quality(this.#account(request), callSid);
      if (legs === undefined) throw missing(`a running call ${callSid}`);
      return legs;
    });
    const forget = {
      tags,
      summary: 'Forget a call: it is no longer shown',
      params: oneCall,
      response: { 204: nothing },
    };
    server.delete('/Accounts/:account_sid/Calls/:call_sid', { schema: forget, ...one }, async (request, reply) => {
      if ((await this.#find(request)) === undefined) return this.#elsewhere.search(request, reply, whatOf(request));
      this.#erased.add((request.params as Params).call_sid);
      return reply.code(204).send();
    });
  }

  addCommands(server: FastifyInstance): void {
    const create = { tags, summary: 'Place a call', params: inAccount, body: createBody };
    const placed = { schema: create, config: passed, preHandler: this.#elsewhere.passClaimed };
    server.post('/Accounts/:account_sid/Calls', placed, async (request, reply) => {
      const accountSid = this.#account(request);
      const body = withoutNulls(request.body as Body);
      const faults = placingFaults(body, accountSid, this.#options.directory);
      if (faults.length > 0) throw invalid('the body', faults);
      const create = () => this.#options.control.create(accountSid, placeable(body));
      return answer(reply, await this.#once.once(request, accountSid, create));
    });
    const url = '/Accounts/:account_sid/Calls/:call_sid';
    const schema = { tags, summary: 'Steer a running call: exactly one command', params: oneCall, body: updateBody };
    const handler = (request: FastifyRequest, reply: FastifyReply) => this.#steer(request, reply);
    const one = { config: passed, preHandler: [this.#elsewhere.passOn, this.#elsewhere.passClaimed] };
    for (const method of ['PUT', 'POST'] as const) server.route({ method, url, schema, ...one, handler });
  }

  async #steer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const accountSid = this.#account(request);
    const body = withoutNulls((request.body ?? {}) as Body);
    const fault = commandFault(body);
    if (fault !== undefined) return reply.code(400).send({ msg: fault, code: invalidRequest, details: [] });
    const { call_sid: callSid } = request.params as Params;
    const update = async (): Promise<ControlResult> => {
      const result = await this.#options.control.update(accountSid, callSid, body);
      if (result.ok || result.status !== 404 || !(await this.#hasEnded(callSid, accountSid))) return result;
      return { ok: false, status: 422, message: 'the call has ended' };
    };
    const result = await this.#once.once(request, accountSid, update);
    const unknown = !result.ok && result.status === 404;
    return unknown ? this.#elsewhere.search(request, reply, whatOf(request)) : answer(reply, result);
  }

  async #hasEnded(callSid: string, accountSid: string): Promise<boolean> {
    return !this.#erased.has(callSid) && (await this.#record(callSid))?.accountSid === accountSid;
  }

  #account(request: FastifyRequest): string {
    return accountOf(this.#options.directory, request.scope, (request.params as Params).account_sid);
  }

  /** Of a call that ended just now too: its record may wait to be committed. */
  async #record(callSid: string): Promise<Cdr | undefined> {
    const { store } = this.#options;
    const cdr = await store.cdr(callSid);
    if (cdr !== undefined) return cdr;
    await store.flush();
    return store.cdr(callSid);
  }

  /** A running call, else the record of an ended one; undefined when it is not known here. */
  async #find(request: FastifyRequest): Promise<Body | undefined> {
    const accountSid = this.#account(request);
    const { call_sid: callSid } = request.params as Params;
    if (this.#erased.has(callSid)) throw missing(`call ${callSid}`);
    const running = this.#options.control.get(accountSid, callSid);
    if (running !== undefined) return running;
    const cdr = await this.#record(callSid);
    if (cdr === undefined || cdr.accountSid !== accountSid) return undefined;
    return { ...cdrFields(cdr), call_id: cdr.sipCallId, call_status: cdr.answered ? 'completed' : 'failed' };
  }
}

export function addCalls(server: FastifyInstance, options: ApiOptions, elsewhere: Elsewhere): void {
  const calls = new Calls(options, elsewhere);
  calls.addReads(server);
  calls.addCommands(server);
}
