/** In a server's place, for what a real one here could not give: the built portal with as many live calls as one likes. Speaks
 * only `/v1/session`, `/v1/Accounts` and `/v1/Live`. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../dist/portal', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const user = { user_sid: null, name: 'kit', email: null, role: 'admin', account_sid: null };
const answers: Readonly<Record<string, unknown>> = {
  '/v1/session': { user, csrf: 'kit' },
  '/v1/Accounts': [{ account_sid: 'a', name: 'kit', sip_realm: null }],
};

type Call = Record<string, unknown> & { call_sid: string };

function callOf(n: number, at: number): Call {
  const child = n % 2 === 1;
  return {
    call_sid: `call-${n}`,
    parent_call_sid: child ? `call-${n - 1}` : null,
    session: `session-${n >> 1}`,
    account_sid: 'a',
    application_sid: null,
    direction: child ? 'outbound' : 'inbound',
    from: `+1555000${String(n).padStart(4, '0')}`,
    to: child ? `sip:desk${n}@pbx.example.test` : '+15551230001',
    state: n % 9 === 0 ? 'ringing' : 'in-progress',
    started_at: new Date(at - n * 1000).toISOString(),
    answered_at: n % 9 === 0 ? null : new Date(at - n * 900).toISOString(),
    carrier: 'acme',
    target: null,
    codec: 'PCMU',
    media_path: 'full-media',
    quality: { mos: 4.2, loss_percent: 0, jitter_ms: 1, round_trip_ms: 20 },
  };
}

export class PortalStandIn {
  readonly url: string;
  readonly #server: http.Server;
  readonly #calls: Call[];
  readonly #timers: NodeJS.Timeout[] = [];

  private constructor(server: http.Server, count: number) {
    this.#server = server;
    this.#calls = Array.from({ length: count }, (_, n) => callOf(n, Date.now()));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(calls: number): Promise<PortalStandIn> {
    const server = http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PortalStandIn(server, calls);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const name = (request.url ?? '/').split('?')[0] as string;
    if (name === '/v1/Live') return this.#live(response);
    if (answers[name] !== undefined) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers[name]));
      return undefined;
    }
    const file = path.join(folder, path.normalize(name));
    const asset = file.startsWith(folder) && path.extname(name) !== '' && existsSync(file);
    response.setHeader('content-type', types[path.extname(name)] ?? 'text/html');
    response.end(readFileSync(asset ? file : path.join(folder, 'index.html')));
    return undefined;
  }

  /** As busy as the contract allows: every call changes four times a second, levels come five times. */
  #live(response: http.ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (event: string, data: unknown): void => {
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    };
    send('snapshot', { calls: this.#calls, at: new Date().toISOString() });
    let round = 0;
    this.#timers.push(
      setInterval(() => {
        round++;
        for (const call of this.#calls) send('call', { ...call, quality: { mos: 3.5 + (round % 10) / 10 } });
      }, 250),
      setInterval(() => {
        const levels = this.#calls.map(({ call_sid: sid }) => [sid, -10 - Math.random() * 40]);
        send('levels', Object.fromEntries(levels));
      }, 200),
    );
  }
}
