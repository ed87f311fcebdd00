import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { application, json, rawServer, rig, turn, until } from './harness.test.ts';
import { linkTable, longestQueue } from './link.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]';

test('notifications of a link arrive in order, each only after the one before was answered', async (t) => {
  const waiting: ServerResponse[] = [];
  const app = await application(t, (_seen, response) => waiting.push(response));
  const { link, hooks } = rig(t, { url: `${app.origin}/call` });
  for (let n = 0; n < 5; n++) link.notify('/status', 'call:status', { n });
  for (let n = 0; n < 5; n++) {
    await until(() => waiting.length === n + 1);
    assert.equal(hooks.pending(), 5 - n);
    assert.deepEqual(JSON.parse(app.seen[n]?.body ?? ''), { n });
    waiting[n]?.end();
  }
  await until(() => hooks.pending() === 0);
});

test('a waiting notification holds up neither a request nor another link', async (t) => {
  const held: ServerResponse[] = [];
  const app = await application(t, (seen, response) => {
    if (seen.url === '/held') held.push(response);
    else json([])(seen, response);
  });
  const { link, open, hooks } = rig(t, { url: `${app.origin}/call` });
  link.notify('/held', 'call:status', {});
  await until(() => held.length === 1);
  assert.equal((await link.request('/action', 'verb:hook', {})).ok, true);
  open({ url: `${app.origin}/call` }).notify('/status', 'call:status', {});
  await until(() => app.seen.length === 3);
  held[0]?.end();
  await until(() => hooks.pending() === 0);
});

test('a notification that fails is given up, and the next goes out', async (t) => {
  const app = await application(t, (seen, response) => {
    response.statusCode = seen.body.includes('first') ? 500 : 200;
    response.end();
  });
  const { link, hooks, alerts } = rig(t, { url: `${app.origin}/call` });
  link.notify('/status', 'call:status', { name: 'first' });
  link.notify('/status', 'call:status', { name: 'second' });
  await until(() => hooks.pending() === 0);
  assert.equal(app.seen.length, 2);
  assert.deepEqual(
    alerts.map(({ type, status, callSid, accountSid }) => ({ type, status, callSid, accountSid })),
    [{ type: 'webhook-failure', status: 500, callSid: 'call-1', accountSid: 'account-1' }],
  );
});

test('close lets the queue go out, then takes nothing more', async (t) => {
  const app = await application(t, json([]));
  const { link, hooks, alerts } = rig(t, { url: `${app.origin}/call` });
  link.notify('/status', 'call:status', { n: 1 });
  link.notify('/status', 'call:status', { n: 2 });
  link.close();
  link.close();
  link.notify('/status', 'call:status', { n: 3 });
  const late = await link.request('/action', 'verb:hook', {});
  assert.equal(late.ok ? '' : late.kind, 'closed');
  await until(() => hooks.pending() === 0);
  assert.deepEqual(
    app.seen.map(({ body }) => (JSON.parse(body) as { n: number }).n),
    [1, 2],
  );
  assert.deepEqual(alerts, []);
});

test('a flooded queue drops its oldest, but never a final status', async (t) => {
  const held: ServerResponse[] = [];
  let release = false;
  const app = await application(t, (_seen, response) => {
    if (release) response.end();
    else held.push(response);
  });
  const { link, hooks } = rig(t, { url: `${app.origin}/call` });
  link.notify('/status', 'call:status', { n: -1 });
  await until(() => held.length === 1);
  link.notify('/status', 'call:status', { n: 0, call_status: 'completed' });
  for (let n = 1; n <= longestQueue + 50; n++) link.notify('/status', 'call:status', { n, call_status: 'ringing' });
  assert.equal(hooks.pending(), longestQueue + 1);
  release = true;
  held[0]?.end();
  await until(() => hooks.pending() === 0);
  const order = app.seen.map(({ body }) => (JSON.parse(body) as { n: number }).n);
  assert.deepEqual(order.slice(0, 3), [-1, 0, 52]);
  assert.equal(order.length, longestQueue + 1);
});

test('the link table and its drawing in the README show the same moves', async () => {
  const readme = await readFile(new URL('README.md', import.meta.url), 'utf8');
  const drawn = [...readme.matchAll(/^ {2}(\w+) --> (\w+): (\w+)(, more queued)?$/gm)].map(
    ([, from, to, event, more]) => `${from} ${event}${more === undefined ? '' : '+'} ${to}`,
  );
  const note = { hook: '/', type: 'call:status', payload: {}, id: undefined };
  const moves = (['idle', 'delivering', 'draining', 'closed'] as const).flatMap((from) => {
    const { notify, settled, close } = linkTable[from];
    return [
      notify === 'ignore' ? [] : [`notify ${notify({ type: 'notify', note }, { length: 0 }).to}`],
      settled === 'ignore' ? [] : [`settled ${settled({ type: 'settled' }, { length: 0 }).to}`],
      settled === 'ignore' ? [] : [`settled+ ${settled({ type: 'settled' }, { length: 1 }).to}`],
      close === 'ignore' ? [] : [`close ${close({ type: 'close' }, { length: 0 }).to}`],
    ].flatMap(([move]) => (move === undefined ? [] : [`${from} ${move}`]));
  });
  assert.deepEqual(moves.toSorted(), drawn.toSorted());
});

test('retries follow the fragment: count, causes, doubling pauses, one event id', async (t) => {
  const app = await application(t, (_seen, response) => {
    response.statusCode = 503;
    response.end();
  });
  const { link, clock, alerts, traces } = rig(t, { url: `${app.origin}/call` });
  const answer = link.request('/action#rc=3&rp=5xx', 'verb:hook', {});
  for (const [seen, pause] of [
    [1, 500],
    [2, 1000],
    [3, 2000],
  ] as const) {
    await until(() => app.seen.length === seen && clock.pending().includes('hook call-1 retry'));
    clock.advance(pause - 1);
    assert.deepEqual(clock.pending(), ['hook call-1 retry']);
    clock.advance(1);
  }
  const given = await answer;
  assert.equal(given.ok ? 0 : given.status, 503);
  assert.equal(app.seen.length, 4);
  assert.equal(new Set(app.seen.map(({ headers }) => headers['graine-event-id'])).size, 1);
  const first = Math.floor((clock.now() - 3500) / 1000);
  const times = app.seen.map(
    ({ headers }) => Number(/^t=(\d+)/.exec(String(headers['graine-signature']))?.[1]) - first,
  );
  assert.deepEqual(times, [0, 0, 1, 3], 'each attempt is signed afresh');
  assert.equal(alerts.length, 1, 'one alert a fault, not one an attempt');
  assert.deepEqual(
    traces.map(({ attempt, status }) => [attempt, status]),
    [
      [0, 503],
      [1, 503],
      [2, 503],
      [3, 503],
    ],
  );
});

test('a fault the fragment does not name is not retried', async (t) => {
  for (const [status, fragment] of [
    [503, '#rc=5&rp=4xx'],
    [404, '#rc=5&rp=5xx,rt'],
    [500, '#rc=0&rp=all'],
    [500, '#rc=2'],
    [500, '#rc=x&rp=all'],
  ]) {
    const app = await application(t, (_seen, response) => {
      response.statusCode = Number(status);
      response.end();
    });
    const { link } = rig(t, { url: `${app.origin}/call` });
    assert.equal((await link.request(`/action${fragment}`, 'verb:hook', {})).ok, false);
    assert.equal(app.seen.length, 1);
  }
});

test('a refused connection is retried as ct, and a late success counts', async (t) => {
  let connections = 0;
  const origin = await rawServer(t, (socket) => {
    connections++;
    if (connections === 1) socket.resetAndDestroy();
    else socket.on('data', () => socket.write(ok));
  });
  const { link, clock, alerts } = rig(t, { url: `${origin}/call` });
  const answer = link.request('/action#rc=1', 'verb:hook', {});
  await until(() => clock.pending().includes('hook call-1 retry'));
  clock.advance(500);
  assert.equal((await answer).ok, true);
  assert.deepEqual(alerts, []);
});

test('an application at an IPv6 address is asked, by the name its URL has', async (t) => {
  let asked = '';
  const origin = await rawServer(
    t,
    (socket) =>
      socket.on('data', (bytes: Buffer) => {
        asked += bytes.toString();
        socket.write(ok);
      }),
    '::1',
  );
  const { link } = rig(t, { url: `${origin}/call` });
  assert.equal((await link.request('/action', 'verb:hook', {})).ok, true);
  assert.match(asked, /^POST \/action HTTP\/1\.1\r\nhost: \[::1\]:\d+\r\n/);
});

test('connections are kept alive and reused', async (t) => {
  let connections = 0;
  const origin = await rawServer(t, (socket) => {
    connections++;
    socket.on('data', () => socket.write(ok));
  });
  const { link } = rig(t, { url: `${origin}/call` });
  for (let n = 0; n < 10; n++) {
    assert.equal((await link.request('/action', 'verb:hook', {})).ok, true);
    await turn();
  }
  assert.equal(connections, 1);
});

test('connections to an origin are bounded; what waits in vain for one is never sent and costs none', async (t) => {
  let connections = 0;
  const asked: Socket[] = [];
  const origin = await rawServer(t, (socket) => {
    connections++;
    socket.on('data', () => asked.push(socket));
  });
  const { link, hooks, clock } = rig(t, { url: `${origin}/call` }, { connectionsPerOrigin: 1 });
  const first = link.request('/first', 'verb:hook', {});
  await until(() => asked.length === 1);
  const file = hooks.fetch(`${origin}/file`, { maxBytes: 10, accountSid: 'a', timeoutMs: 1000, maxRedirects: 0 });
  const last = link.request('/last', 'verb:hook', {});
  clock.advance(1000);
  const gone = await file;
  assert.equal(gone.ok ? '' : gone.kind, 'timeout');
  asked[0]?.write(ok);
  assert.equal((await first).ok, true);
  await until(() => asked.length === 2);
  asked[1]?.write(ok);
  assert.equal((await last).ok, true);
  assert.equal(asked.length, 2);
  assert.equal(connections, 1);
});

for (const how of ['end', 'resetAndDestroy'] as const)
  test(`a kept connection that dies (${how}) as it is reused is replaced unseen`, async (t) => {
    let connections = 0;
    let requests = 0;
    const origin = await rawServer(t, (socket) => {
      connections++;
      let mine = 0;
      socket.on('data', () => {
        requests++;
        // The second request on the first connection dies unanswered.
        if (++mine === 2 && connections === 1) socket[how]();
        else socket.write(ok);
      });
    });
    const { link, alerts } = rig(t, { url: `${origin}/call` });
    for (let n = 0; n < 2; n++) {
      assert.equal((await link.request('/action', 'verb:hook', {})).ok, true);
      await turn();
    }
    assert.equal(connections, 2);
    assert.equal(requests, 3);
    assert.deepEqual(alerts, []);
  });

test('a fresh connection that dies unanswered is a fault: the application may have acted', async (t) => {
  let requests = 0;
  const origin = await rawServer(t, (socket) =>
    socket.on('data', () => {
      requests++;
      socket.resetAndDestroy();
    }),
  );
  const { link } = rig(t, { url: `${origin}/call` });
  const answer = await link.request('/action', 'verb:hook', {});
  assert.equal(answer.ok ? '' : answer.kind, 'connection');
  assert.equal(requests, 1);
});

test('a restarted application is found again', async (t) => {
  let dying = false;
  const origin = await rawServer(t, (socket) =>
    socket.on('data', () => {
      socket.write(ok);
      if (dying) socket.end();
    }),
  );
  const { link } = rig(t, { url: `${origin}/call` });
  for (let n = 0; n < 6; n++) {
    dying = n % 2 === 1;
    assert.equal((await link.request('/action', 'verb:hook', {})).ok, true);
    await turn();
  }
});

test('a trace holds both bodies, masked, with no credentials in the URL', async (t) => {
  const app = await application(
    t,
    json([{ verb: 'dial', target: [{ type: 'sip', auth: { username: 'u', password: 'hush' } }] }]),
  );
  const { link, traces } = rig(t, { url: `${app.origin.replace('//', '//u:hush@')}/call` });
  const raw = 'INVITE sip:x SIP/2.0\r\nAuthorization: Digest response="hush"\r\nFrom: a\r\n';
  await link.request('/action#hush', 'verb:hook', { from: 'a', sip: { raw, headers: { authorization: 'hush' } } });
  const [trace] = traces;
  assert.equal(trace?.url, `${app.origin}/action`);
  assert.equal(trace.status, 200);
  assert.equal(trace.type, 'verb:hook');
  const { request, requestText, response, responseText } = trace;
  const shown = JSON.stringify([trace, request, requestText, response, responseText]);
  assert.ok(!shown.includes('hush'), shown);
  assert.ok(shown.includes('From: a') && shown.includes('username'), shown);
  // Only the trace is masked.
  assert.ok(app.seen[0]?.body.includes('hush'));
});

test('a trace of large bodies is cut', async (t) => {
  const app = await application(t, json([{ verb: 'say', text: 'x'.repeat(50_000) }]));
  const { link, traces } = rig(t, { url: `${app.origin}/call` });
  await link.request('/action', 'verb:hook', { note: 'y'.repeat(50_000) });
  assert.ok(JSON.stringify(traces).length < 8192);
});

test('close of all hooks waits for what is under way, then cuts it', async (t) => {
  let asked = 0;
  const app = await application(t, () => asked++);
  const { link, hooks, clock, alerts } = rig(t, { url: `${app.origin}/call` });
  const answer = link.request('/action', 'verb:hook', {});
  link.notify('/status', 'call:status', {});
  link.notify('/status', 'call:status', {});
  await until(() => asked === 2);
  const closed = hooks.close();
  assert.deepEqual(clock.pending().toSorted(), ['hook call-1 timeout', 'hook call-1 timeout', 'hooks drain']);
  clock.advance(5000);
  await closed;
  const given = await answer;
  assert.equal(given.ok ? '' : given.kind, 'closed');
  await until(() => hooks.pending() === 0);
  assert.deepEqual(alerts, []);
});
