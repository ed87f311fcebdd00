/** WebSocket applications at the level of the link: whom it dials, what it demands, what it bounds. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { rawServer, rig, until } from './harness.test.ts';

type Heard = Record<string, unknown> & { type: string; msgid: string; seq: number };
type App = { url: string; heard: Heard[]; sockets: WebSocket[]; offered: string[] };

const speaksJambonz = (protocols: Set<string>) => (protocols.has('ws.jambonz.org') ? 'ws.jambonz.org' : false);

async function wsApp(
  t: TestContext,
  answer: (message: Heard, socket: WebSocket) => void,
  options: { server?: Server; protocol?: typeof speaksJambonz } = {},
): Promise<App> {
  const { server = createHttpServer(), protocol = speaksJambonz } = options;
  const wss = new WebSocketServer({ server, handleProtocols: protocol });
  const app: App = { url: '', heard: [], sockets: [], offered: [] };
  wss.on('connection', (socket, request) => {
    app.sockets.push(socket);
    app.offered.push(String(request.headers['sec-websocket-extensions'] ?? ''));
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Heard;
      app.heard.push(message);
      answer(message, socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of wss.clients) socket.terminate();
    server.close();
  });
  app.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/app`;
  return app;
}

const ack = ({ msgid }: Heard, socket: WebSocket): void =>
  socket.send(JSON.stringify({ type: 'ack', msgid, data: [] }));

/** Ends the link, and waits until nothing of it is left. */
async function over({ link, hooks }: ReturnType<typeof rig>): Promise<void> {
  link.close();
  await until(() => hooks.pending() === 0);
}

test('a request is answered by its ack, and compression is not offered', async (t) => {
  const app = await wsApp(t, ack);
  const all = rig(t, { url: app.url });
  const answer = await all.link.request({ url: app.url }, 'session:new', { to: '1' });
  assert.deepEqual(answer, { ok: true, status: 200, body: [], url: app.url });
  assert.deepEqual(app.offered, ['']);
  assert.equal(all.link.waits, true);
  assert.deepEqual(
    all.traces.map(({ method, type, status }) => ({ method, type, status })),
    [{ method: 'WS', type: 'session:new', status: 200 }],
  );
  await over(all);
  assert.equal(all.link.waits, false);
});

test('private addresses are refused for ws as for http, and by name too', async (t) => {
  const all = rig(t, undefined, {
    allowPrivateAddresses: false,
    resolve: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  for (const url of ['ws://127.0.0.1:8080/', 'ws://169.254.169.254/', 'ws://app.example.test:8080/', 'wss://[::1]/']) {
    const answer = await all.link.request(url, 'session:new', {});
    assert.equal(answer.ok ? 'taken' : answer.kind, 'address-refused', url);
  }
  assert.equal(all.alerts.length, 4);
  await over(all);
});

test('a server that does not choose the subprotocol is no application', async (t) => {
  const app = await wsApp(t, ack, { protocol: () => false });
  const all = rig(t, { url: app.url });
  const answer = await all.link.request({ url: app.url }, 'session:new', {});
  assert.equal(answer.ok ? 'taken' : answer.kind, 'connection');
  assert.equal(app.heard.length, 0);
  await over(all);
});

test('redirects of a handshake are not followed', async (t) => {
  const app = await wsApp(t, ack);
  const origin = await rawServer(t, (socket) => {
    socket.on('data', () => socket.end(`HTTP/1.1 302 Found\r\nlocation: ${app.url}\r\n\r\n`));
  });
  const url = origin.replace('http:', 'ws:');
  const all = rig(t, { url });
  const answer = await all.link.request({ url }, 'session:new', {});
  assert.deepEqual(answer.ok ? {} : { kind: answer.kind, status: answer.status }, { kind: 'status', status: 302 });
  assert.equal(app.sockets.length, 0);
  await over(all);
});

test('a server that never answers the handshake is given up in time', async (t) => {
  let connected = 0;
  const origin = await rawServer(t, () => connected++);
  const url = origin.replace('http:', 'ws:');
  const all = rig(t, { url });
  const asked = all.link.request({ url }, 'session:new', {});
  await until(() => connected === 1);
  all.clock.advance(3000);
  const answer = await asked;
  assert.equal(answer.ok ? 'taken' : answer.kind, 'timeout');
  await over(all);
});

test('no ack in time fails the request; a late one changes nothing', async (t) => {
  const app = await wsApp(t, () => {});
  const all = rig(t, { url: app.url });
  const asked = all.link.request({ url: app.url }, 'session:new', {});
  await until(() => app.heard.length === 1);
  all.clock.advance(5000);
  const answer = await asked;
  assert.equal(answer.ok ? 'taken' : answer.kind, 'timeout');
  assert.deepEqual(
    all.alerts.map(({ type }) => type),
    ['webhook-connection-failure'],
  );
  app.sockets[0]?.send(JSON.stringify({ type: 'ack', msgid: app.heard[0]?.msgid, data: [{ verb: 'hangup' }] }));
  await over(all);
});

test('a message longer than the limit is not sent', async (t) => {
  const app = await wsApp(t, ack);
  const all = rig(t, { url: app.url }, { maxBodyBytes: 1000 });
  const answer = await all.link.request({ url: app.url }, 'session:new', { long: 'x'.repeat(1000) });
  assert.equal(answer.ok ? 'taken' : answer.kind, 'too-large');
  await over(all);
});

test('a peer that stops answering pings is lost, and dialled again after half a second', async (t) => {
  const app = await wsApp(t, ack);
  const all = rig(t, { url: app.url });
  await all.link.request({ url: app.url }, 'session:new', {});
  // Nothing is read any more, so no ping is answered.
  app.sockets[0]?.pause();
  all.clock.advance(25_000);
  all.clock.advance(25_000);
  all.clock.advance(499);
  assert.equal(app.sockets.length, 1);
  all.clock.advance(1);
  await until(() => app.heard.some(({ type }) => type === 'session:reconnect'));
  assert.equal(app.sockets.length, 2);
  await over(all);
});

test('the tries come after 0.5, 1, 2, 4 and 8 seconds; then the application is gone', async (t) => {
  let refuses = false;
  let refused = 0;
  const server = createHttpServer();
  const app = await wsApp(t, ack, { server });
  server.prependListener('upgrade', (_request, socket) => {
    if (!refuses) return;
    refused++;
    socket.destroy();
  });
  const all = rig(t, { url: app.url });
  let gone = 0;
  all.link.control({ command: () => ({ ok: true, status: 202 }), gone: () => gone++ });
  await all.link.request({ url: app.url }, 'session:new', {});
  refuses = true;
  app.sockets[0]?.terminate();
  for (const [at, ms] of [500, 1000, 2000, 4000, 8000].entries()) {
    await until(() => all.clock.pending().some((label) => label.endsWith('rest')));
    all.clock.advance(ms - 1);
    assert.equal(refused, at);
    all.clock.advance(1);
    await until(() => refused === at + 1);
  }
  await until(() => gone === 1);
  assert.equal(all.link.waits, false);
  assert.deepEqual(
    all.alerts.map(({ type }) => type),
    ['webhook-connection-failure'],
  );
  await over(all);
});

test('a call that ended tells a status socket of its own what is left, then closes with 1000', async (t) => {
  const app = await wsApp(t, () => {});
  const all = rig(t, undefined);
  all.link.notify(app.url, 'call:status', { call_status: 'trying' });
  all.link.notify(app.url, 'call:status', { call_status: 'failed' });
  all.link.close();
  await until(() => app.heard.length === 2);
  const [socket] = app.sockets;
  const [code] = (await once(socket as WebSocket, 'close')) as [number];
  assert.equal(code, 1000);
  await until(() => all.hooks.pending() === 0);
  assert.deepEqual(
    app.heard.map(({ seq }) => seq),
    [1, 2],
  );
});

test('an application that does not answer the close frame is cut off', async (t) => {
  const app = await wsApp(t, ack);
  const all = rig(t, { url: app.url });
  await all.link.request({ url: app.url }, 'session:new', {});
  app.sockets[0]?.pause();
  all.link.close();
  await until(() => all.clock.pending().some((label) => label.endsWith('close')));
  all.clock.advance(2000);
  await until(() => all.hooks.pending() === 0);
});

test('credentials of the call hook go to its own origin only', async (t) => {
  const seen: (string | undefined)[] = [];
  const server = createHttpServer();
  server.prependListener('upgrade', (request) => seen.push(request.headers.authorization));
  const app = await wsApp(t, ack, { server });
  const other = createHttpServer();
  other.prependListener('upgrade', (request) => seen.push(request.headers.authorization));
  const stranger = await wsApp(t, ack, { server: other });
  const all = rig(t, { url: app.url, username: 'u', password: 'p' });
  await all.link.request(app.url, 'session:new', {});
  await all.link.request(stranger.url, 'session:redirect', {});
  assert.deepEqual(seen, [`Basic ${Buffer.from('u:p').toString('base64')}`, undefined]);
  await over(all);
});

test('a hook of another WebSocket origin is refused unless it is a redirect', async (t) => {
  const app = await wsApp(t, ack);
  const other = await wsApp(t, ack);
  const all = rig(t, { url: app.url });
  await all.link.request({ url: app.url }, 'session:new', {});
  const answer = await all.link.request(other.url, 'verb:hook', {});
  assert.equal(answer.ok ? 'taken' : answer.kind, 'bad-url');
  assert.equal(other.sockets.length, 0);
  await over(all);
});
