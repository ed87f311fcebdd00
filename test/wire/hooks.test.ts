// The application that is down, slow, wrong or late. decisions.md, "Accepting an application"; reference.md 3.2.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { dial, freePort, number, odd, phones, stage, toSip, type World } from '../kit/index.ts';

const nobody = await freePort();

const story = stage({
  phones: ['desk'],
  config: { hooks: { timeout_seconds: 2 } },
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: w.app.url('/call'), call_status_hook: w.app.url('/status') },
      { name: 'guarded', call_hook: w.app.url('/broken'), fallback_hook: w.app.url('/fallback') },
      { name: 'nobody-home', call_hook: `http://127.0.0.1:${nobody}/call` },
      { name: 'by-get', call_hook: { url: w.app.url('/get'), method: 'GET', username: 'user', password: 'pass' } },
      { name: 'static', app_json: [{ verb: 'sip:decline', status: 486, reason: 'Static' }] },
    ],
    phone_numbers: [
      { number: '+15551230002', carrier: 'origin', application: 'guarded' },
      { number: '+15551230003', carrier: 'origin', application: 'nobody-home' },
      { number: '+15551230004', carrier: 'origin', application: 'by-get' },
      { number: '+15551230005', carrier: 'origin', application: 'static' },
    ],
  }),
});

const alerted = (w: World, type: string, about: string): Promise<unknown> =>
  w.eventually(`an alert ${type}`, async () =>
    (await w.alerts(type)).some((alert) => JSON.stringify(alert).includes(about)),
  );

story('a hook that answers 500: the caller gets 480, the account an alert', async (w) => {
  w.app.answers(odd({ status: 500 }));
  assert.equal((await w.calls().refused()).status, 480);
  await alerted(w, 'webhook-failure', '/call');
});

story('a hook that nobody serves: 480 and webhook-connection-failure', async (w) => {
  assert.equal((await w.calls({ to: '+15551230003' }).refused()).status, 480);
  await alerted(w, 'webhook-connection-failure', String(nobody));
});

story('a hook that cuts the connection: 480', async (w) => {
  w.app.answers(odd({ hangUp: true }));
  assert.equal((await w.calls().refused()).status, 480);
});

story('a hook slower than the limit: 480, and its late answer is not run', async (w) => {
  w.app.answers(odd({ delayMs: 2600, body: dial([toSip(w.phone('desk'))]) }));
  assert.equal((await w.calls().refused()).status, 480);
  assert.equal(w.phone('desk').calls.entries.length, 0);
});

story('the fallback_hook is asked when the call_hook fails, and its answer is run', async (w) => {
  w.app.on('/broken', odd({ status: 503 }));
  w.app.on('/fallback', [{ verb: 'sip:decline', status: 410, reason: 'Fallback' }]);
  const refusal = await w.calls({ to: '+15551230002' }).refused();
  assert.equal(refusal.status, 410);
  const { body } = await w.next('/fallback');
  assert.equal(body['to'], '+15551230002');
});

story('an answer that is no JSON: 480 and an alert', async (w) => {
  w.app.answers(odd({ raw: '<xml>' }));
  assert.equal((await w.calls().refused()).status, 480);
});

for (const [title, app, named] of [
  ['an unknown verb', [{ verb: 'dance' }], /dance/],
  [
    'an unknown property',
    [{ verb: 'dial', target: [{ type: 'sip', sipUri: 'sip:a@127.0.0.1' }], answerOnBrige: true }],
    /answerOnBr/,
  ],
  ['a wrong type', [{ verb: 'pause', length: 'long' }], /length/],
  ['an object in place of an array', { unexpected: true }, /./],
] as const)
  story(`${title} in the first answer: 480, an alert that names it, nothing dialled`, async (w) => {
    w.app.answers(odd({ body: app }));
    assert.equal((await w.calls().refused()).status, 480);
    const alerts = await w.eventually('invalid-app-payload', async () => {
      const found = await w.alerts('invalid-app-payload');
      return found.some((alert) => named.test(JSON.stringify(alert))) && found;
    });
    assert.ok(alerts.length > 0);
  });

story('GET sends the fields in the query, with basic credentials', async (w) => {
  w.app.on('/get', [{ verb: 'sip:decline', status: 486 }]);
  await w.calls({ to: '+15551230004' }).refused();
  const request = await w.next('/get');
  assert.equal(request.method, 'GET');
  assert.equal(request.query.get('to'), '+15551230004');
  assert.equal(request.headers.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`);
});

story('app_json runs without a web server', async (w) => {
  assert.equal((await w.calls({ to: '+15551230005' }).refused()).status, 486);
  assert.equal(w.app.all('/call').length, 0);
});

story('the first hook has the documented fields, and is signed with the account’s secret', async (w) => {
  w.app.answers([{ verb: 'sip:decline', status: 486 }]);
  const [main] = (await w.account('GET', '/Applications')).body as { application_sid: string; name: string }[];
  const words = { speech_synthesis_voice: 'alto', speech_recognizer_language: 'de-DE' };
  assert.equal((await w.rest('PUT', `/v1/Applications/${main?.application_sid}`, words)).status, 204);
  await w.calls({ fromName: 'Alice A', headers: [['X-Custom', 'kept']] }).refused();
  const request = await w.next('/call');
  const { body } = request;
  for (const field of ['call_sid', 'account_sid', 'application_sid', 'call_id', 'trace_id', 'fs_sip_address'])
    assert.equal(typeof body[field], 'string', field);
  assert.equal(body['direction'], 'inbound');
  assert.equal(body['call_status'], 'trying');
  assert.equal(body['from'], '+15557650001');
  assert.equal(body['to'], number);
  assert.equal(body['caller_name'], 'Alice A');
  assert.equal(body['originating_sip_trunk_name'], 'origin');
  assert.deepEqual(body['defaults'], { synthesizer: { voice: 'alto' }, recognizer: { language: 'de-DE' } });
  assert.match(body['sip'].raw, /^INVITE sip:\+15551230001@\S+ SIP\/2\.0\r\nVia: [^]*\r\n\r\nv=0\r\n/);
  const headers = Object.entries(body['sip'].headers as Record<string, string>);
  assert.equal(headers.find(([name]) => name.toLowerCase() === 'x-custom')?.[1], 'kept');
  for (const name of ['graine-signature', 'jambonz-signature']) {
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(request.headers[name])) ?? [];
    assert.equal(v1, createHmac('sha256', 'whsec_kit').update(`${t}.${request.raw}`).digest('hex'), name);
  }
});

story(
  'a relative actionHook goes to the application’s host; one that fails is ignored with an alert, and the call goes on',
  async (w) => {
    w.phone('desk').onInvite = phones.busy();
    w.app.answers([...dial([toSip(w.phone('desk'))]), { verb: 'hangup', headers: { 'X-Then': 'went on' } }]);
    w.app.on('/action', odd({ status: 500 }));
    const call = w.calls();
    assert.equal((await call.byed()).get('x-then'), 'went on');
    await alerted(w, 'webhook-failure', '/action');
  },
);

story('a hook named with #rc is tried again, and the fragment never leaves', async (w) => {
  let tries = 0;
  w.app.on('/again', () => (++tries < 3 ? odd({ status: 503 }) : [{ verb: 'sip:decline', status: 486 }]));
  w.app.answers([{ verb: 'redirect', actionHook: '/again#rc=3&rp=5xx' }]);
  assert.equal((await w.calls().refused({ within: 6000 })).status, 486);
  assert.equal(tries, 3);
});
