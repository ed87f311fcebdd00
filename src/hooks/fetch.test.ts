import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { FileFlow, FileSink } from '../ports/index.ts';
import { application, rawServer, rig, until } from './harness.test.ts';

const limits = { maxBytes: 1000, accountSid: 'account-1', timeoutMs: 5000, maxRedirects: 3 };

test('a file comes back with its type and etag', async (t) => {
  const app = await application(t, (_seen, response) => {
    response.writeHead(200, { 'content-type': 'audio/wav', etag: '"v1"' });
    response.end('RIFF');
  });
  const { hooks } = rig(t, undefined);
  const file = await hooks.fetch(`${app.origin.replace('//', '//u:p@')}/a.wav`, limits);
  assert.deepEqual(file, {
    ok: true,
    status: 200,
    contentType: 'audio/wav',
    body: Buffer.from('RIFF'),
    known: { url: `${app.origin}/a.wav`, etag: '"v1"' },
    cache: file.ok ? { date: file.cache.date } : {},
  });
  assert.equal(app.seen[0]?.method, 'GET');
  assert.equal(app.seen[0].headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
});

test('redirects are followed up to the limit, without the credentials of the first URL', async (t) => {
  const app = await application(t, (seen, response) => {
    const n = Number(seen.url.slice(1));
    if (n === 0) return void response.end('here');
    response.writeHead(302, { location: `/${n - 1}` });
    response.end();
  });
  const { hooks } = rig(t, undefined);
  const found = await hooks.fetch(`${app.origin.replace('//', '//u:p@')}/3`, limits);
  assert.equal(found.ok ? found.body.toString() : '', 'here');
  assert.deepEqual(
    app.seen.map(({ headers }) => headers.authorization !== undefined),
    [true, false, false, false],
  );
  const lost = await hooks.fetch(`${app.origin}/4`, limits);
  assert.equal(lost.ok ? '' : lost.kind, 'status');
  assert.match(lost.ok ? '' : lost.message, /more than 3 redirects/);
});

for (const location of [
  'http://169.254.169.254/latest',
  'file:///etc/passwd',
  'data:,x',
  'http://metadata.google.internal/',
  'http://[fd00:ec2::254]/',
])
  test(`a redirect to ${location} is refused`, async (t) => {
    const app = await application(t, (_seen, response) => {
      response.writeHead(302, { location });
      response.end();
    });
    const { hooks } = rig(t, undefined);
    const file = await hooks.fetch(`${app.origin}/a.wav`, limits);
    assert.ok(!file.ok && (file.kind === 'address-refused' || file.kind === 'bad-url'));
  });

test('a redirect to a name that resolves to a forbidden address is refused', async (t) => {
  const app = await application(t, (_seen, response) => {
    response.writeHead(307, { location: 'http://inner.example.test/' });
    response.end();
  });
  const resolve = (_name: string, done: (error: null, found: LookupAddress[]) => void): void =>
    done(null, [{ address: '169.254.169.254', family: 4 }]);
  const { hooks } = rig(t, undefined, { resolve });
  const file = await hooks.fetch(`${app.origin}/a.wav`, limits);
  assert.equal(file.ok ? '' : file.kind, 'address-refused');
});

test('the size limit holds whatever length the server declares', async (t) => {
  for (const declared of [{ 'content-length': '1001' }, {}]) {
    const app = await application(t, (_seen, response) => {
      response.writeHead(200, declared);
      response.end('x'.repeat(1001));
    });
    const { hooks } = rig(t, undefined);
    const file = await hooks.fetch(`${app.origin}/a.wav`, limits);
    assert.equal(file.ok ? '' : file.kind, 'too-large');
    const exact = await hooks.fetch(`${app.origin}/a.wav`, { ...limits, maxBytes: 1001 });
    assert.equal(exact.ok, true);
  }
});

test('one timeout covers all hops', async (t) => {
  let asked = false;
  const silent = await rawServer(t, (socket) => socket.once('data', () => (asked = true)));
  const app = await application(t, (_seen, response) => {
    clock.advance(3000);
    response.writeHead(302, { location: `${silent}/a.wav` });
    response.end();
  });
  const { hooks, clock } = rig(t, undefined);
  const file = hooks.fetch(`${app.origin}/a.wav`, limits);
  await until(() => asked);
  clock.advance(2000);
  const given = await file;
  assert.equal(given.ok ? '' : given.kind, 'timeout');
});

test('a missing file, a private file and no URL at all have their own faults, and raise no alert here', async (t) => {
  const app = await application(t, (seen, response) => {
    response.statusCode = Number(seen.url.slice(1));
    response.end();
  });
  const { hooks, alerts } = rig(t, undefined);
  for (const [url, kind] of [
    [`${app.origin}/404`, 'not-found'],
    [`${app.origin}/403`, 'auth'],
    [`${app.origin}/206`, 'status'],
    [`${app.origin}/302`, 'status'],
    ['tone.wav', 'bad-url'],
    ['', 'bad-url'],
  ] as const) {
    const file = await hooks.fetch(url, limits);
    assert.equal(file.ok ? '' : file.kind, kind, url);
  }
  assert.deepEqual(alerts, []);
});

test('validators go back to the URL that gave them, and to no other', async (t) => {
  const app = await application(t, (seen, response) => {
    if (seen.url === '/moved') return void response.writeHead(302, { location: '/b.wav' }).end();
    if (seen.headers['if-none-match'] === '"b1"') return void response.writeHead(304, { etag: '"b1"' }).end();
    response.writeHead(200, { etag: '"b1"', 'last-modified': 'Mon, 02 Nov 2026 10:00:00 GMT' }).end('RIFF');
  });
  const { hooks } = rig(t, undefined);
  const first = await hooks.fetch(`${app.origin}/moved`, limits);
  assert.ok(first.ok);
  const { known } = first;
  assert.deepEqual(known, { url: `${app.origin}/b.wav`, etag: '"b1"', lastModified: 'Mon, 02 Nov 2026 10:00:00 GMT' });
  const again = await hooks.fetch(`${app.origin}/moved`, { ...limits, known });
  assert.deepEqual(again.ok && [again.status, again.body.length], [304, 0]);
  const other = await hooks.fetch(`${app.origin}/c.wav`, { ...limits, known });
  assert.equal(other.ok && other.status, 200);
  assert.deepEqual(
    app.seen.map(({ url, headers }) => [url, headers['if-none-match']]),
    [
      ['/moved', undefined],
      ['/b.wav', undefined],
      ['/moved', undefined],
      ['/b.wav', '"b1"'],
      ['/c.wav', undefined],
    ],
  );
});

test('a 304 that nobody asked for is a fault', async (t) => {
  const app = await application(t, (_seen, response) => void response.writeHead(304).end());
  const { hooks } = rig(t, undefined);
  const file = await hooks.fetch(`${app.origin}/a.wav`, limits);
  assert.equal(file.ok ? '' : file.kind, 'status');
});

/** Takes what comes and keeps it, and the ways to steer it. */
class Bucket implements FileSink {
  readonly chunks: Buffer[] = [];
  bytes: number | undefined;
  flow: FileFlow | undefined;
  begin(flow: FileFlow, bytes: number | undefined): void {
    this.flow = flow;
    this.bytes = bytes;
  }
  data(chunk: Buffer): void {
    this.chunks.push(chunk);
  }
}
const into = (sink: FileSink) => ({ ...limits, into: { sink, idleMs: 1000, wholeMs: 3000 } });

test('a file goes into a sink as it comes, that of a redirect does not', async (t) => {
  const app = await application(t, (seen, response) => {
    if (seen.url === '/moved') response.writeHead(302, { location: '/a.wav' }).end('moved');
    else response.writeHead(200, { 'content-length': 4 }).end('RIFF');
  });
  const { hooks } = rig(t, undefined);
  const sink = new Bucket();
  const file = await hooks.fetch(`${app.origin}/moved`, into(sink));
  assert.ok(file.ok && file.body.length === 0);
  assert.deepEqual([sink.bytes, Buffer.concat(sink.chunks).toString()], [4, 'RIFF']);
});

test('a file may come slowly, but not stand still, nor take for ever', async (t) => {
  const waiting: ServerResponse[] = [];
  const app = await application(t, (_seen, response) => {
    response.writeHead(200).write('RIFF');
    waiting.push(response);
  });
  const { hooks, clock } = rig(t, undefined);
  const still = new Bucket();
  const given = hooks.fetch(`${app.origin}/still`, into(still));
  await until(() => still.chunks.length === 1);
  clock.advance(999);
  clock.advance(1);
  const first = await given;
  assert.ok(!first.ok && first.kind === 'timeout' && /nothing more came for 1000 ms/.test(first.message));
  const slow = new Bucket();
  const endless = hooks.fetch(`${app.origin}/slow`, into(slow));
  await until(() => slow.chunks.length === 1);
  for (let n = 2; n <= 6; n++) {
    clock.advance(500);
    waiting[1]!.write('more');
    await until(() => slow.chunks.length === n);
  }
  clock.advance(500);
  const second = await endless;
  assert.ok(!second.ok && /longer than 3000 ms/.test(second.message), JSON.stringify(second));
});

test('the size limit holds for a sink, and a sink can refuse what comes', async (t) => {
  const app = await application(t, (_seen, response) => void response.writeHead(200).end('x'.repeat(1001)));
  const { hooks } = rig(t, undefined);
  const large = await hooks.fetch(`${app.origin}/large`, into(new Bucket()));
  assert.equal(large.ok ? '' : large.kind, 'too-large');
  const choosy = new Bucket();
  choosy.data = () => choosy.flow?.abort('not wanted');
  const refused = await hooks.fetch(`${app.origin}/a`, { ...into(choosy), maxBytes: 5000 });
  assert.equal(refused.ok ? '' : refused.message, 'not wanted');
});
