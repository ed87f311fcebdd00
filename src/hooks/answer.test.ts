import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { HookAnswer } from '../ports/index.ts';
import { tooDeep } from './answer.ts';
import { type Alert, application, rawServer, rig, until } from './harness.test.ts';

type Row = {
  title: string;
  status?: number;
  type?: string;
  body?: string;
  want: Partial<HookAnswer>;
  alert?: Alert['type'];
};

const rows: Row[] = [
  {
    title: '200 with JSON is the document',
    type: 'application/json; charset=utf-8',
    body: '[{"verb":"hangup"}]',
    want: { ok: true, status: 200, body: [{ verb: 'hangup' }] },
  },
  { title: 'a +json type is JSON', type: 'application/vnd.app+json', body: '\ufeff{}', want: { ok: true, body: {} } },
  { title: '202 without body is an empty answer', status: 202, want: { ok: true, status: 202, body: undefined } },
  { title: '204 is an empty answer', status: 204, want: { ok: true, status: 204, body: undefined } },
  { title: 'JSON type without body is an empty answer', type: 'application/json', want: { ok: true, body: undefined } },
  {
    title: 'the bare phrase of sendStatus(200) is an empty answer',
    type: 'text/plain',
    body: 'OK',
    want: { ok: true, body: undefined },
  },
  {
    title: 'a page is not JSON',
    type: 'text/html',
    body: '<p>',
    want: { ok: false, kind: 'not-json' },
    alert: 'webhook-failure',
  },
  {
    title: 'JSON without its content type is not JSON',
    type: 'text/plain',
    body: '[]',
    want: { ok: false, kind: 'not-json' },
    alert: 'webhook-failure',
  },
  {
    title: 'broken JSON is not JSON',
    type: 'application/json',
    body: '[{]',
    want: { ok: false, kind: 'not-json' },
    alert: 'webhook-failure',
  },
  {
    title: 'a bomb of brackets is refused before it is parsed',
    type: 'application/json',
    body: '['.repeat(200_000),
    want: { ok: false, kind: 'not-json' },
    alert: 'webhook-failure',
  },
  {
    title: '201 is not success',
    status: 201,
    want: { ok: false, kind: 'status', status: 201 },
    alert: 'webhook-failure',
  },
  {
    title: '302 is not followed',
    status: 302,
    want: { ok: false, kind: 'status', status: 302 },
    alert: 'webhook-failure',
  },
  {
    title: '404 is a missing hook',
    status: 404,
    want: { ok: false, kind: 'not-found' },
    alert: 'webhook-url-notfound',
  },
  {
    title: '401 is missing credentials',
    status: 401,
    want: { ok: false, kind: 'auth' },
    alert: 'webhook-auth-failure',
  },
  {
    title: '403 is missing credentials',
    status: 403,
    want: { ok: false, kind: 'auth' },
    alert: 'webhook-auth-failure',
  },
  {
    title: '500 is a failure',
    status: 500,
    want: { ok: false, kind: 'status', status: 500 },
    alert: 'webhook-failure',
  },
];

for (const row of rows) {
  test(row.title, async (t) => {
    const app = await application(t, (_seen, response) => {
      if (row.type !== undefined) response.setHeader('content-type', row.type);
      response.setHeader('location', '/elsewhere');
      response.writeHead(row.status ?? 200);
      response.end(row.body);
    });
    const { link, alerts } = rig(t, { url: `${app.origin}/call` });
    const answer = await link.request('/action', 'verb:hook', {});
    for (const [name, value] of Object.entries(row.want))
      assert.deepEqual((answer as unknown as Record<string, unknown>)[name], value, name);
    assert.deepEqual(
      alerts.map(({ type }) => type),
      row.alert === undefined ? [] : [row.alert],
    );
    assert.equal(app.seen.length, 1);
    for (const alert of alerts) assert.equal(alert.url, `${app.origin}/action`);
  });
}

test('of a notification only the status counts', async (t) => {
  const app = await application(t, (_seen, response) => response.end('<html>thanks</html>'));
  const { link, alerts, hooks } = rig(t, { url: `${app.origin}/call` });
  link.notify('/status', 'call:status', {});
  await until(() => hooks.pending() === 0);
  assert.deepEqual(alerts, []);
});

/** Answers the first request on each connection with these bytes. */
function speaks(bytes: string | Buffer, then: (socket: Socket) => void = () => {}) {
  return (socket: Socket): void => {
    socket.once('data', () => {
      socket.write(bytes);
      then(socket);
    });
  };
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const gzipped = gzipSync(Buffer.alloc(10 * 1024 * 1024, '['));

const hostile: { title: string; accept: (socket: Socket) => void; kind: string; alert: Alert['type'] }[] = [
  {
    title: 'a declared length above the limit is refused at once',
    accept: speaks(`${head}content-length: 1048577\r\n\r\n`),
    kind: 'too-large',
    alert: 'webhook-failure',
  },
  {
    title: 'an endless body is cut at the limit',
    accept: speaks(`${head}transfer-encoding: chunked\r\n\r\n`, (socket) => {
      const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', pump);
      pump();
    }),
    kind: 'too-large',
    alert: 'webhook-failure',
  },
  {
    title: 'a gzip bomb is refused unopened',
    accept: speaks(
      Buffer.concat([
        Buffer.from(`${head}content-encoding: gzip\r\ncontent-length: ${gzipped.length}\r\n\r\n`),
        gzipped,
      ]),
    ),
    kind: 'not-json',
    alert: 'webhook-failure',
  },
  {
    title: 'a body shorter than its declared length is a broken connection',
    accept: speaks(`${head}content-length: 50\r\n\r\n[]`, (socket) => socket.end()),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'a reset in mid-body is a broken connection',
    accept: speaks(`${head}content-length: 50\r\n\r\n[`, (socket) => setImmediate(() => socket.resetAndDestroy())),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'what is not HTTP is a broken connection',
    accept: speaks('220 mail.example.test ESMTP\r\n', (socket) => socket.end()),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'endless response headers are a broken connection',
    accept: speaks(`HTTP/1.1 200 OK\r\n${'x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2000)}`),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'an upgrade nobody asked for is a broken connection',
    accept: speaks('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'a continue nobody asked for is a broken connection',
    accept: speaks('HTTP/1.1 100 Continue\r\n\r\n'),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'early hints before the answer do no harm',
    accept: speaks(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${head}content-length: 2\r\n\r\n[]`),
    kind: '',
    alert: 'webhook-failure',
  },
  {
    title: 'a length declared twice, differently, is a broken connection',
    accept: speaks(`${head}content-length: 2\r\ncontent-length: 3\r\n\r\n[]`),
    kind: 'connection',
    alert: 'webhook-connection-failure',
  },
  {
    title: 'two answers to one request: the first counts',
    accept: speaks(`${head}content-length: 2\r\n\r\n[]HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n`),
    kind: '',
    alert: 'webhook-failure',
  },
];

for (const { title, accept, kind, alert } of hostile) {
  test(title, async (t) => {
    const origin = await rawServer(t, accept);
    const { link, alerts } = rig(t, { url: `${origin}/call` });
    const answer = await link.request('/action', 'verb:hook', {});
    assert.equal(answer.ok ? '' : answer.kind, kind);
    assert.deepEqual(
      alerts.map(({ type }) => type),
      kind === '' ? [] : [alert],
    );
  });
}

test('whatever bytes a server sends, the request ends with an answer or a fault', async (t) => {
  let bytes = Buffer.alloc(0);
  const origin = await rawServer(t, (socket) => socket.once('data', () => socket.end(bytes)));
  const { link } = rig(t, { url: `${origin}/call` });
  const pieces = fc.constantFrom(
    'HTTP/1.1 ',
    '200 OK',
    '\r\n',
    '\r\n\r\n',
    'content-length: ',
    'transfer-encoding: chunked',
    'content-type: application/json',
    '-1',
    '5',
    '0',
    'ffffffffffffffff',
    '[',
    ']',
    '\0',
    ':',
    ' ',
  );
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all)),
    fc.array(pieces, { maxLength: 20 }).map((all) => Buffer.from(all.join(''))),
    fc.array(pieces, { maxLength: 12 }).map((all) => Buffer.from(`${head}${all.join('')}`)),
  );
  await fc.assert(
    fc.asyncProperty(noise, async (sent) => {
      bytes = sent;
      const answer = await link.request('/action', 'verb:hook', {});
      assert.equal(typeof answer.ok, 'boolean');
    }),
    { numRuns: 150 },
  );
});

test('a server that never answers is given up after the whole timeout', async (t) => {
  let asked = false;
  const origin = await rawServer(t, (socket) => socket.once('data', () => (asked = true)));
  const { link, alerts, clock } = rig(t, { url: `${origin}/call` });
  const answer = link.request('/action', 'verb:hook', {});
  await until(() => asked);
  clock.advance(10_000);
  const given = await answer;
  assert.equal(given.ok ? '' : given.kind, 'timeout');
  assert.deepEqual(
    alerts.map(({ type }) => type),
    ['webhook-connection-failure'],
  );
});

test('a slow drip does not stretch the timeout, and its connection is closed', async (t) => {
  let peer: Socket | undefined;
  const origin = await rawServer(
    t,
    speaks(`${head}content-length: 1000\r\n\r\n`, (socket) => {
      peer = socket;
    }),
  );
  const { link, clock } = rig(t, { url: `${origin}/call` });
  const answer = link.request('/action', 'verb:hook', {});
  await until(() => peer !== undefined);
  for (let second = 0; second < 9; second++) {
    peer?.write(' ');
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = once(peer as Socket, 'close');
  clock.advance(1000);
  const given = await answer;
  assert.equal(given.ok ? '' : given.kind, 'timeout');
  await closed;
});

test('brackets inside strings do not count as depth', () => {
  assert.equal(tooDeep(JSON.stringify(['['.repeat(500), '\\"[[', '"'.repeat(100)])), false);
  assert.equal(tooDeep(`${'['.repeat(65)}${']'.repeat(65)}`), true);
  assert.equal(tooDeep(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`), false);
  assert.equal(tooDeep(`"${'\\'.repeat(200)}`), false);
});
