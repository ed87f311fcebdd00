import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { application, json, rig, secret } from './harness.test.ts';

const payload = {
  call_sid: 'call-1',
  from: '+15551230001',
  sip: { method: 'INVITE' },
  sip_status: 200,
  gone: undefined,
};

test('a POST carries the payload as JSON, with who sends it and which event it is', async (t) => {
  const app = await application(t, json([]));
  const { link } = rig(t, { url: `${app.origin}/call` });
  await link.request('/action', 'verb:hook', payload);
  const [seen] = app.seen;
  assert.equal(seen?.method, 'POST');
  assert.equal(seen.url, '/action');
  assert.deepEqual(JSON.parse(seen.body), {
    call_sid: 'call-1',
    from: '+15551230001',
    sip: { method: 'INVITE' },
    sip_status: 200,
  });
  assert.equal(seen.headers['content-type'], 'application/json');
  assert.equal(seen.headers['user-agent'], 'graine/1.2.3');
  assert.equal(seen.headers['accept-encoding'], 'identity');
  assert.match(String(seen.headers['graine-event-id']), /^[0-9a-f-]{36}$/);
  assert.match(String(seen.headers['b3']), /^0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-1$/);
  assert.match(String(seen.headers['traceparent']), /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
});

test('the signature is HMAC-SHA256 of time and body, under both names', async (t) => {
  const app = await application(t, json([]));
  const { link, clock } = rig(t, { url: `${app.origin}/call` });
  await link.request('/action', 'verb:hook', { name: 'Zoë ✓' });
  const [seen] = app.seen;
  const seconds = Math.floor(clock.now() / 1000);
  const hmac = createHmac('sha256', secret)
    .update(Buffer.from(`${seconds}.${seen?.body}`, 'utf8'))
    .digest('hex');
  assert.equal(seen?.headers['graine-signature'], `t=${seconds},v1=${hmac}`);
  assert.equal(seen.headers['jambonz-signature'], seen.headers['graine-signature']);
});

test('a GET carries the fields in its query, nested values as JSON, and signs the query', async (t) => {
  const app = await application(t, json([]));
  const { link, clock } = rig(t, { url: `${app.origin}/call` });
  await link.request({ url: '/action?app=7', method: 'GET' }, 'verb:hook', payload);
  const [seen] = app.seen;
  assert.equal(seen?.method, 'GET');
  assert.equal(seen.body, '');
  const url = new URL(seen.url, app.origin);
  assert.deepEqual(
    [...url.searchParams],
    [
      ['app', '7'],
      ['call_sid', 'call-1'],
      ['from', '+15551230001'],
      ['sip', '{"method":"INVITE"}'],
      ['sip_status', '200'],
    ],
  );
  const seconds = Math.floor(clock.now() / 1000);
  const signed = `${seconds}.${url.search.slice(1)}`;
  const hmac = createHmac('sha256', secret).update(signed).digest('hex');
  assert.equal(seen.headers['graine-signature'], `t=${seconds},v1=${hmac}`);
});

test('a GET whose fields do not fit a URL is refused, not cut', async (t) => {
  const app = await application(t, json([]));
  const { link } = rig(t, { url: `${app.origin}/call`, method: 'GET' });
  const answer = await link.request({ url: '/a', method: 'GET' }, 'verb:hook', { long: 'x'.repeat(20_000) });
  assert.equal(answer.ok ? '' : answer.kind, 'too-large');
  assert.equal(app.seen.length, 0);
});

test('a relative hook resolves against the call hook, and a fragment stays at home', async (t) => {
  const app = await application(t, json([]));
  const { link } = rig(t, { url: `${app.origin}/apps/main?x=1` });
  for (const hook of ['/action', 'action', '?y=2', '/action#rc=2&rp=5xx', `${app.origin}/far/away`])
    await link.request(hook, 'verb:hook', {});
  assert.deepEqual(
    app.seen.map(({ url }) => url),
    ['/action', '/apps/action', '/apps/main?y=2', '/action', '/far/away'],
  );
});

test('a relative hook without a call hook is refused with the reason', async (t) => {
  const { link, alerts } = rig(t, undefined);
  const answer = await link.request('/action', 'verb:hook', {});
  assert.equal(answer.ok ? '' : answer.kind, 'bad-url');
  assert.deepEqual(
    alerts.map(({ type }) => type),
    ['webhook-failure'],
  );
});

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test("the call hook's credentials go to its own origin and to no other", async (t) => {
  const home = await application(t, json([]));
  const other = await application(t, json([]));
  const { link } = rig(t, { url: `${home.origin}/call`, username: 'u', password: 'p' });
  await link.request('/action', 'verb:hook', {});
  await link.request(`${home.origin}/else`, 'verb:hook', {});
  await link.request(`${other.origin}/call`, 'verb:hook', {});
  await link.request({ url: `//${new URL(other.origin).host}/call` }, 'verb:hook', {});
  assert.deepEqual(
    home.seen.map(({ headers }) => headers.authorization),
    [basic('u:p'), basic('u:p')],
  );
  assert.deepEqual(
    other.seen.map(({ headers }) => headers.authorization),
    [undefined, undefined],
  );
});

test("a hook's own credentials win and reach only that hook", async (t) => {
  const app = await application(t, json([]));
  const { link } = rig(t, { url: `${app.origin}/call`, username: 'u', password: 'p' });
  await link.request({ url: '/own', username: 'x', password: 'ÿ:y' }, 'verb:hook', {});
  await link.request(`${app.origin.replace('http://', 'http://in%40url:pw@')}/userinfo`, 'verb:hook', {});
  await link.request('/action', 'verb:hook', {});
  assert.deepEqual(
    app.seen.map(({ headers }) => headers.authorization),
    [basic('x:ÿ:y'), basic('in@url:pw'), basic('u:p')],
  );
});

test('two applications on one URL keep their credentials apart', async (t) => {
  const app = await application(t, json([]));
  const { link, open } = rig(t, { url: `${app.origin}/call`, username: 'one', password: '1' });
  await link.request('/action', 'verb:hook', {});
  await open({ url: `${app.origin}/call`, username: 'two', password: '2' }).request('/action', 'verb:hook', {});
  await open({ url: `${app.origin}/call` }).request('/action', 'verb:hook', {});
  assert.deepEqual(
    app.seen.map(({ headers }) => headers.authorization),
    [basic('one:1'), basic('two:2'), undefined],
  );
});
