/** The demo's web application: a plain node:http server, as a customer would write it. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Journal } from '../testing/index.ts';

export type HookRequest = {
  readonly at: number;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
};

export class DemoApp {
  readonly requests = new Journal<HookRequest>();
  readonly #server: http.Server;
  readonly #verbs: () => readonly unknown[];

  private constructor(server: http.Server, verbs: () => readonly unknown[]) {
    this.#server = server;
    this.#verbs = verbs;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** `verbs` makes the answer to /call; everything else gets an empty 200. */
  static async start(verbs: () => readonly unknown[]): Promise<DemoApp> {
    const server = http.createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new DemoApp(server, verbs);
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async close(): Promise<void> {
    this.requests.close('the demo is over');
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = new URL(request.url ?? '/', 'http://app').pathname;
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
    this.requests.add({ at: performance.timeOrigin + performance.now(), path, body });
    response.setHeader('content-type', 'application/json');
    response.end(path === '/call' ? JSON.stringify(this.#verbs()) : '');
  }
}
