/** A customer's web application: a real HTTP server whose answers a test sets, and which keeps every request in order. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, Journal, now } from '../../src/testing/index.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- JSON from outside: stories assert on it field by field
export type Json = any;

export type HookRequest = {
  readonly at: number;
  readonly path: string;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  /** The bytes as they came: what a signature is made of. */
  readonly raw: string;
  /** The parsed JSON body. Hook fields are read by tests without ceremony. */
  readonly body: Record<string, Json>;
};

/** JSON to answer with (200), or the whole of an odd answer. */
export type HookReply = readonly unknown[] | OddReply | undefined;
export class OddReply {
  readonly options: {
    status?: number;
    body?: unknown;
    raw?: string;
    headers?: http.OutgoingHttpHeaders;
    delayMs?: number;
    /** Cuts the connection without an answer. */
    hangUp?: boolean;
  };
  constructor(options: OddReply['options']) {
    this.options = options;
  }
}
export const odd = (options: OddReply['options']): OddReply => new OddReply(options);

export type HookAnswer = HookReply | ((request: HookRequest) => HookReply | Promise<HookReply>);

export class HookApp {
  readonly requests = new Journal<HookRequest>();
  /** Serves files too: media by path. */
  readonly files = new Map<string, { type: string; body: Buffer }>();
  readonly #server: http.Server;
  readonly #answers = new Map<string, HookAnswer>();
  readonly #taken = new Map<string, number>();

  private constructor(server: http.Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<HookApp> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HookApp(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What a path answers from now on. Without one: 200 with an empty body. */
  on(path: string, answer: HookAnswer): void {
    this.#answers.set(path, answer);
  }

  /** What `/call`, the call_hook of the kit's application, answers from now on. */
  answers(answer: HookAnswer): void {
    this.on('/call', answer);
  }

  /** The next request to this path that no test step has taken yet, now or later. */
  async next(path: string, options: { within?: number; story?: () => string } = {}): Promise<HookRequest> {
    const n = this.#taken.get(path) ?? 0;
    this.#taken.set(path, n + 1);
    const matches = (request: HookRequest): boolean => request.path === path && this.all(path).indexOf(request) >= n;
    return this.requests.until(matches, { what: `request ${n + 1} to ${path}`, ...options });
  }

  all(path: string): HookRequest[] {
    return this.requests.entries.filter((request) => request.path === path);
  }

  reset(): void {
    this.#answers.clear();
    this.#taken.clear();
    this.requests.entries.length = 0;
  }

  async close(): Promise<void> {
    this.requests.close('the app was closed');
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    incoming.on('error', () => {});
    response.on('error', () => {});
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://app');
    const file = this.files.get(url.pathname);
    if (file !== undefined) {
      response.writeHead(200, { 'content-type': file.type, 'content-length': file.body.length }).end(file.body);
      return;
    }
    const raw = Buffer.concat(chunks).toString();
    const request: HookRequest = {
      at: now(),
      path: url.pathname,
      method: incoming.method ?? '',
      query: url.searchParams,
      headers: incoming.headers,
      raw,
      body: parse(raw) ?? Object.fromEntries(url.searchParams),
    };
    this.requests.add(request);
    const answer = this.#answers.get(url.pathname);
    await send(response, typeof answer === 'function' ? await answer(request) : answer);
  }
}

async function send(response: http.ServerResponse, reply: HookReply): Promise<void> {
  if (!(reply instanceof OddReply)) {
    if (reply === undefined) response.writeHead(200).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
    return;
  }
  const { status = 200, body, raw, headers, delayMs = 0, hangUp = false } = reply.options;
  if (delayMs > 0) await after(delayMs);
  if (hangUp) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(raw ?? (body === undefined ? '' : JSON.stringify(body)));
}

function parse(raw: string): Record<string, Json> | undefined {
  try {
    return JSON.parse(raw) as Record<string, Json>;
  } catch {
    return undefined;
  }
}
