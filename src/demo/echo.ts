/** The application behind `npm start` without a file: whoever calls `echo` hears a greeting and then what they say; any other
 * name rings that user. It is an application as a customer would write it, over HTTP and WebSocket: nothing of it is inside the server. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** Echo of a second ago: at once, one would not tell it from one's own voice. 20 ms a frame. */
const delayFrames = 50;
const longestEchoSeconds = 300;
const bodyLimit = 64 * 1024;

const usualPort = 3001;

export class EchoApp {
  readonly #server: http.Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: bodyLimit,
    handleProtocols: (offered) => (offered.has('audio.jambonz.org') ? 'audio.jambonz.org' : false),
  });

  private constructor(server: http.Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, echo);
    });
  }

  /** On its usual port, or on any where that is taken. */
  static async start(): Promise<EchoApp> {
    const server = http.createServer({ requestTimeout: 10_000 });
    try {
      await listen(server, usualPort);
    } catch {
      await listen(server, 0);
    }
    return new EchoApp(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bodyLimit) {
        response.writeHead(413).end();
        return;
      }
      chunks.push(chunk);
    }
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Readonly<Record<string, unknown>>;
    const verbs = this.#verbs(request.url ?? '/', body);
    response.setHeader('content-type', 'application/json');
    response.end(verbs === undefined ? '' : JSON.stringify(verbs));
  }

  #verbs(path: string, body: Readonly<Record<string, unknown>>): readonly unknown[] | undefined {
    if (path === '/call') return this.#answer(textOf(body['to']));
    if (path === '/refer') {
      const details = body['refer_details'] as Readonly<Record<string, unknown>> | undefined;
      return this.#answer(textOf(details?.['refer_to_user']));
    }
    return undefined;
  }

  #answer(to: string): readonly unknown[] {
    const name = to.replace(/^sips?:/i, '').split('@', 1)[0] ?? '';
    if (name === 'echo') {
      return [
        { verb: 'answer' },
        { verb: 'say', text: 'This is Graine. Say something.' },
        {
          verb: 'listen',
          url: `${this.url.replace('http', 'ws')}/echo`,
          actionHook: '/done',
          maxLength: longestEchoSeconds,
          bidirectionalAudio: { enabled: true, streaming: true, sampleRate: 8000 },
        },
        { verb: 'hangup' },
      ];
    }
    return [{ verb: 'dial', answerOnBridge: true, timeout: 40, referHook: '/refer', target: [{ type: 'user', name }] }];
  }
}

function echo(socket: WebSocket): void {
  const waiting: Buffer[] = [];
  socket.on('error', () => socket.terminate());
  socket.on('message', (data, binary) => {
    if (!binary) return;
    waiting.push(data as Buffer);
    if (waiting.length > delayFrames) socket.send(waiting.shift() as Buffer);
  });
}

function listen(server: http.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
