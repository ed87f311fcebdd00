/** What the tests of this folder share: a real HTTP application, a link to it, and a clean end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { FakeClock, type HookTrace, SeededRandom, TraceChannel } from '../base/index.ts';
import type { Alerts, AppContext, AppLink, Hooks } from '../ports/index.ts';
import { createHooks, type HooksOptions } from './hooks.ts';

export type Alert = Parameters<Alerts['raise']>[0];
export type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string };
export type Answerer = (seen: Seen, response: ServerResponse) => void;

export const secret = 'whsec_test';

/** Answers with JSON. */
export function json(value: unknown): Answerer {
  return (_seen, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  };
}

/** A web application on a port of its own. */
export async function application(t: TestContext, answer: Answerer): Promise<{ origin: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      seen.push(one);
      answer(one, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** A server that speaks whatever bytes the test likes. */
export async function rawServer(t: TestContext, accept: (socket: Socket) => void, host = '127.0.0.1'): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    accept(socket);
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}

export type Rig = {
  hooks: Hooks;
  link: AppLink;
  clock: FakeClock;
  alerts: Alert[];
  traces: HookTrace[];
  open: (base: AppContext['base']) => AppLink;
};

/** Hooks on fake time. At the end nothing may be left: no timer, nothing pending. */
export function rig(t: TestContext, base: AppContext['base'], options: Partial<HooksOptions> = {}): Rig {
  const clock = new FakeClock();
  const alerts: Alert[] = [];
  const traces: HookTrace[] = [];
  const trace = new TraceChannel();
  trace.on('event', (event) => {
    if (event.kind === 'hook') traces.push(event);
  });
  const hooks = createHooks({
    clock,
    random: new SeededRandom(7),
    alerts: { raise: (alert) => alerts.push(alert) },
    trace,
    version: '1.2.3',
    timeoutSeconds: 10,
    allowPrivateAddresses: true,
    ...options,
  });
  const open = (from: AppContext['base']): AppLink =>
    hooks.open({
      accountSid: 'account-1',
      callSid: 'call-1',
      webhookSecret: secret,
      base: from,
      traceId: '0af76519-16cd-43dd-8448-eb211c80319c',
    });
  t.after(async () => {
    assert.equal(hooks.pending(), 0, 'a hook was left pending');
    await hooks.close();
    assert.deepEqual(clock.pending(), [], 'a timer was left');
  });
  return { hooks, link: open(base), clock, alerts, traces, open };
}

/** Lets the event loop turn until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`never came true: ${condition.toString()}`);
}

/** undici lets a connection rest for one turn of the event loop before it reuses it. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}
