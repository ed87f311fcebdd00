/** Calls that run at other nodes: a request about one is passed on to the node that has it, with who asks; its answer comes
 * back as it is. One hop: what another node passed on goes no further. */
import { createHash } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GraineError } from '../../base/index.ts';
import type { NodeAnswer, NodeAsker, NodeRequest } from '../../ports/index.ts';
import { accountOf, type Scope } from '../auth.ts';
import { missing, nodeAway, nodesNoSecret } from '../errors.ts';
import type { ApiOptions } from '../options.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Another node does it, and writes down that it was done. */
    passedOn: boolean;
  }
}

/** Which node answered. */
export const nodeHeader = 'x-graine-node';
/** Nodes whose part is not in the answer. */
export const missingHeader = 'x-graine-nodes-missing';

/** ms. A command may wait for a far end of SIP, which has 32 s. */
const patience = { command: 40_000, read: 10_000, gather: 3_000 } as const;
/** Bytes. */
const longest = { list: 16 * 1024 * 1024, answer: 8 * 1024 ** 3 } as const;
const mostNodes = 64;

const passedDown = ['content-type', 'idempotency-key', 'range', 'accept'] as const;
const passedUp = [
  'content-type',
  'content-length',
  'content-disposition',
  'content-range',
  'accept-ranges',
  'last-modified',
  'retry-after',
] as const;

type Options = Pick<ApiOptions, 'nodes' | 'live' | 'control' | 'directory' | 'clock' | 'log'>;

/** Of commands: POST Calls names none. */
type Command = Pick<Params, 'account_sid'> & Partial<Params>;
/** Of routes that name a call. */
type Params = { readonly account_sid: string; readonly call_sid: string };

export class Elsewhere {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** For preHandler: answers what is about a call that another node has. */
  readonly passOn = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { nodes, live, control, directory } = this.#options;
    const { account_sid: account, call_sid: callSid } = request.params as Params;
    if (request.scope.via !== undefined) return undefined;
    const accountSid = accountOf(directory, request.scope, account);
    if (control.get(accountSid, callSid) !== undefined) return undefined;
    const call = await live.call(callSid);
    if (call === undefined || call.node === nodes.name || call.accountSid !== accountSid) return undefined;
    if (!nodes.speaking) throw new GraineError(nodesNoSecret, { what: `call ${callSid}`, node: call.node });
    const answer = await nodes.send(call.node, requestOf(request));
    if (!('silent' in answer)) return give(request, reply, { node: call.node, answer });
    throw new GraineError(nodeAway, { what: `call ${callSid} runs at node ${call.node}`, reason: answer.silent });
  };

  /** For preHandler: what was begun at another node under the same Idempotency-Key is answered by that. */
  readonly passClaimed = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { nodes, live, directory } = this.#options;
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || !nodes.speaking) return undefined;
    const { account_sid: account, call_sid: callSid } = request.params as Command;
    // What another node passes on is done here, so the key is ours from now on: also when the call it is about has ended.
    const passed = request.scope.via !== undefined;
    if (passed && callSid === undefined) return undefined;
    const accountSid = accountOf(directory, request.scope, account);
    const parts = [accountSid, request.routeOptions.url, key, ...(callSid === undefined ? [] : [callSid])];
    const node = await live.claim(createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
    if (passed || node === undefined || node === nodes.name) return undefined;
    const answer = await nodes.send(node, requestOf(request));
    if (!('silent' in answer)) return give(request, reply, { node, answer });
    throw new GraineError(nodeAway, { what: `node ${node} had this Idempotency-Key first`, reason: answer.silent });
  };

  /** Asks every other node for what is not here; the first that has it answers. Throws when nobody has. */
  async search(request: FastifyRequest, reply: FastifyReply, what: string): Promise<FastifyReply> {
    const names = this.#others(request.scope);
    const answers = await Promise.all(
      names.map(async (node) => ({ node, answer: await this.#options.nodes.send(node, requestOf(request)) })),
    );
    let found: FastifyReply | undefined;
    const silent: string[] = [];
    for (const { node, answer } of answers) {
      if ('silent' in answer) silent.push(`${node}: ${answer.silent}`);
      else if (answer.status === 404 || found !== undefined) discard(answer.body);
      else found = give(request, reply, { node, answer });
    }
    if (found !== undefined) return found;
    const [first] = silent;
    if (first === undefined) throw missing(what);
    throw new GraineError(nodeAway, { what: `${what} is not here, and not every node could be asked`, reason: first });
  }

  /** What each of the others says to the same question; the answer says who said nothing. */
  async gather(request: FastifyRequest, reply: FastifyReply): Promise<unknown[]> {
    const silent: string[] = [];
    const names = this.#others(request.scope);
    const said = await Promise.all(
      names.map(async (node) => {
        const part = await this.#ask(node, request);
        if (part === undefined) silent.push(node);
        return part;
      }),
    );
    if (silent.length > 0) void reply.header(missingHeader, silent.join(', '));
    return said.filter((each) => each !== undefined);
  }

  async #ask(node: string, request: FastifyRequest): Promise<unknown> {
    const { nodes, log } = this.#options;
    const answer = await nodes.send(node, { ...requestOf(request), timeoutMs: patience.gather });
    try {
      if ('silent' in answer) throw new Error(answer.silent);
      const text = await this.#readAll(answer.body);
      if (answer.status !== 200) throw new Error(`it answers ${answer.status}`);
      return JSON.parse(text) as unknown;
    } catch (fault) {
      log.warn({ node, reason: String(fault).slice(0, 200) }, 'a node did not tell of its calls');
      return undefined;
    }
  }

  /** Bounded in bytes and time. */
  async #readAll(body: Readable): Promise<string> {
    const timer = this.#options.clock.after(patience.gather, 'listing of a node', () => {
      body.destroy(new Error('its answer has no end'));
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        // Leaving the loop destroys the stream.
        if (bytes > longest.list) throw new Error(`its answer is longer than ${longest.list} bytes`);
        chunks.push(chunk);
      }
    } finally {
      timer.cancel();
    }
    return Buffer.concat(chunks).toString();
  }

  #others({ via }: Scope): readonly string[] {
    return via === undefined ? this.#options.nodes.others().slice(0, mostNodes) : [];
  }
}

function requestOf(request: FastifyRequest): NodeRequest {
  const headers: Record<string, string> = {};
  for (const name of passedDown) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const { method, url, body } = request;
  if (body === undefined || body === null) delete headers['content-type'];
  return {
    method,
    path: url,
    headers,
    body: body === undefined || body === null ? undefined : JSON.stringify(body),
    asker: askerOf(request),
    timeoutMs: method === 'GET' ? patience.read : patience.command,
  };
}

function askerOf({ scope, ip: address }: FastifyRequest): NodeAsker {
  const { userSid, keySid = '' } = scope.person;
  return userSid === undefined ? { keySid, address } : { userSid, address };
}

function give(request: FastifyRequest, reply: FastifyReply, from: { node: string; answer: NodeAnswer }): FastifyReply {
  const { status, headers, body } = from.answer;
  request.passedOn = true;
  for (const name of passedUp) {
    const value = headers[name];
    if (value !== undefined) void reply.header(name, value);
  }
  void reply.code(status).header(nodeHeader, from.node);
  if (status === 204 || status === 304) {
    discard(body);
    return reply.send();
  }
  const bounded = body.pipe(new Bound(longest.answer));
  body.once('error', (fault) => bounded.destroy(fault));
  bounded.once('close', () => discard(body));
  return reply.send(bounded);
}

/** Ends a body that has no end. */
class Bound extends Transform {
  #left: number;

  constructor(bytes: number) {
    super();
    this.#left = bytes;
  }

  override _transform(chunk: Buffer, _: string, done: (fault: Error | null, chunk?: Buffer) => void): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(new Error('the answer of the node is too long'));
    else done(null, chunk);
  }
}

function discard(body: Readable): void {
  if (!body.destroyed) body.on('error', () => {}).destroy();
}
