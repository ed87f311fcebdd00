/** Requests between nodes, over pooled connections, signed; and the check of those that come. */
import { Agent } from 'undici';
import { type Clock, messageOf, type Random, type Timer } from '../base/index.ts';
import type {
  FromNode,
  LiveStore,
  NodeAnswer,
  NodeAsker,
  NodeRequest,
  Nodes,
  NodeSilence,
  SignedHead,
} from '../ports/index.ts';
import { Once } from './once.ts';
import { hashOf, isSigned, openAddress, openSip, readHead, sealAddress, sign, writeHead } from './seal.ts';
import { notThis } from './witness.ts';

export type ClusterOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly node: string;
  /** The first signs, the others still open. None: nodes do not speak with each other. */
  readonly secrets: readonly string[];
  readonly live: Pick<LiveStore, 'nodes' | 'announce'>;
  /** Why a host may not be reached, whoever says so; undefined when it may. */
  readonly refuse: (host: string) => string | undefined;
};

/** Clocks of nodes may be so far apart, ms. */
export const windowMs = 30_000;
const connectMs = 2_000;
/** A connection that nothing is sent on. */
const idleMs = 4_000;
/** A body that stops coming. */
const stallMs = 60_000;
/** Is the node that is being asked still there? */
const watchMs = 1_000;
const limits = { connections: 64, headers: 16_384 } as const;

type Asked = { readonly node: string; readonly abort: AbortController };

export class Cluster implements Nodes {
  readonly name: string;
  readonly #options: ClusterOptions;
  readonly #once: Once;
  readonly #agent: Agent;
  readonly #asked = new Set<Asked>();
  #watch: Timer | undefined;
  #direct = false;

  constructor(options: ClusterOptions) {
    this.name = options.node;
    this.#options = options;
    this.#once = new Once(options.clock, 2 * windowMs);
    this.#agent = new Agent({
      connect: { timeout: connectMs },
      connections: limits.connections,
      maxHeaderSize: limits.headers,
      // However long the other node offers: what is sent on a connection that it is just closing is lost.
      keepAliveMaxTimeout: idleMs,
      bodyTimeout: stallMs,
      headersTimeout: 0,
    });
  }

  get speaking(): boolean {
    return this.#options.secrets.length > 0;
  }

  get direct(): boolean {
    return this.#direct;
  }

  /** Where a node says that it is. */
  urlOf(node: string): URL | undefined {
    return this.#addressOf(node);
  }

  /** From now on the others can find this node, and `graine edge` where it takes SIP. */
  announce(url: string, { sip, direct = false }: { sip?: string | undefined; direct?: boolean } = {}): void {
    this.#direct = direct;
    const [secret] = this.#options.secrets;
    const { live } = this.#options;
    if (secret !== undefined) live.announce(sealAddress(secret, this.name, url, sip));
  }

  others(): readonly string[] {
    const all = this.#options.live.nodes();
    return all.filter(({ name }) => name !== this.name && this.#addressOf(name) !== undefined).map(({ name }) => name);
  }

  async send(node: string, request: NodeRequest): Promise<NodeAnswer | NodeSilence> {
    const url = this.#addressOf(node);
    if (url === undefined) return { silent: 'it is gone, or has not said where it is' };
    const refused = this.#options.refuse(url.hostname);
    if (refused !== undefined) return { silent: `${url.host} is ${refused}` };
    const asked = { node, abort: new AbortController() };
    const timer =
      request.timeoutMs === undefined
        ? undefined
        : this.#options.clock.after(request.timeoutMs, `request to node ${node}`, () =>
            asked.abort.abort(new Error(`no answer within ${String(request.timeoutMs)} ms`)),
          );
    this.#follow(asked);
    try {
      return await this.#send(url, request, asked);
    } catch (fault) {
      const reason = asked.abort.signal.aborted ? asked.abort.signal.reason : fault;
      return { silent: `${messageOf(reason)} (${url.origin})` };
    } finally {
      timer?.cancel();
      this.#unfollow(asked);
    }
  }

  check({ method, path, head: text, asker, signature }: SignedHead): FromNode | { readonly refused: string } {
    const { secrets, clock } = this.#options;
    if (!this.speaking) return { refused: 'this node has no live.secret' };
    const head = readHead(text);
    const signed = { method, path, head: text, asker };
    if (head === undefined || !secrets.some((secret) => isSigned(secret, signed, signature)))
      return { refused: 'the signature is wrong' };
    if (head.to !== this.name) return { refused: `${notThis(head.to)} ${this.name}` };
    if (Math.abs(clock.now() - head.at) > windowMs) return { refused: 'it is too old, or the clocks are apart' };
    if (!this.#once.use(head.nonce)) return { refused: 'it came before' };
    const who = readAsker(asker);
    if (who === 'nonsense') return { refused: 'it does not say who asks' };
    return { node: head.from, asker: who, bodyHash: head.bodyHash };
  }

  async close(): Promise<void> {
    for (const { abort } of this.#asked) abort.abort(new Error('the server is stopping'));
    this.#watch?.cancel();
    this.#watch = undefined;
    await this.#agent.destroy();
  }

  async #send(url: URL, request: NodeRequest, { node, abort }: Asked): Promise<NodeAnswer | NodeSilence> {
    const { method, path, body } = request;
    const {
      statusCode,
      headers,
      body: stream,
    } = await this.#agent.request({
      origin: url.origin,
      path,
      method: method as 'GET',
      headers: { ...request.headers, ...this.#signature(node, request) },
      body: body ?? null,
      signal: abort.signal,
    });
    const plain: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') plain[name] = value;
    const silent = unusable(statusCode, plain);
    if (silent === undefined) return { status: statusCode, headers: plain, body: stream };
    stream.on('error', () => {}).destroy();
    return { silent };
  }

  #signature(node: string, { method, path, body, asker }: NodeRequest): Record<string, string> {
    const { secrets, clock, random } = this.#options;
    const [secret = ''] = secrets;
    const head = writeHead({
      from: this.name,
      to: node,
      at: clock.now(),
      nonce: random.token(24),
      bodyHash: hashOf(body ?? ''),
    });
    const who = asker === undefined ? '-' : Buffer.from(JSON.stringify(asker)).toString('base64url');
    return {
      'graine-node': head,
      'graine-node-asker': who,
      'graine-node-signature': sign(secret, { method, path, head, asker: who }),
    };
  }

  /** host:port where that node takes SIP over UDP, if it said so. */
  sipOf(node: string): string | undefined {
    return this.#told(node, openSip);
  }

  #addressOf(node: string): URL | undefined {
    return this.#told(node, openAddress);
  }

  #told<T>(node: string, open: (secret: string, node: string, sealed: string) => T | undefined): T | undefined {
    const { secrets, live } = this.#options;
    const sealed = live.nodes().find(({ name }) => name === node)?.address;
    if (sealed === undefined) return undefined;
    for (const secret of secrets) {
      const told = open(secret, node, sealed);
      if (told !== undefined) return told;
    }
    return undefined;
  }

  /** One timer for all: an answer is not waited for from a node that no longer beats. */
  #follow(asked: Asked): void {
    this.#asked.add(asked);
    this.#watch ??= this.#options.clock.every(watchMs, 'nodes that are asked', () => {
      const there = new Set(this.#options.live.nodes().map(({ name }) => name));
      for (const { node, abort } of this.#asked) if (!there.has(node)) abort.abort(new Error('it is gone'));
    });
  }

  #unfollow(asked: Asked): void {
    this.#asked.delete(asked);
    if (this.#asked.size > 0) return;
    this.#watch?.cancel();
    this.#watch = undefined;
  }
}

/** A redirect is followed nowhere, and a node that does not know us says so. */
function unusable(status: number, headers: Readonly<Record<string, string>>): string | undefined {
  const refused = headers['graine-node-refused'];
  if (refused !== undefined) return `it refuses this node: ${refused.slice(0, 200)}`;
  if (status >= 300 && status < 400) return `something else answers there, with ${status}`;
  return undefined;
}

function readAsker(text: string): NodeAsker | undefined | 'nonsense' {
  if (text === '-') return undefined;
  try {
    const read = JSON.parse(Buffer.from(text.slice(0, 2_048), 'base64url').toString()) as Record<string, unknown>;
    const { userSid, keySid, address } = read;
    if (typeof address !== 'string') return 'nonsense';
    if (typeof userSid === 'string') return { userSid, address };
    return typeof keySid === 'string' ? { keySid, address } : 'nonsense';
  } catch {
    return 'nonsense';
  }
}
