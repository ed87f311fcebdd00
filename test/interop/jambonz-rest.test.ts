// jambonz's REST clients, given nothing but this server's address.
import assert from 'node:assert/strict';
import { type Json, phones, stage, type World } from '../kit/index.ts';
import { nodeClient, sdkClient } from '../kit/jambonz.ts';

const story = stage({ phones: ['desk'] });

const byClient = (w: World): Json => nodeClient(w.accountSid, w.graine.http.token, { baseUrl: w.graine.http.url });
const bySdk = (w: World): Json =>
  new sdkClient.JambonzClient({ baseUrl: w.graine.http.url, accountSid: w.accountSid, apiKey: w.graine.http.token });

const place = (w: World): Record<string, unknown> => ({
  from: '+15551230001',
  to: { type: 'sip', sipUri: w.phone('desk').uri },
  call_hook: w.app.url('/placed'),
  call_status_hook: w.app.url('/status'),
});

story('@jambonz/node-client: calls.create, list, retrieve, update, delete', async (w) => {
  const { calls } = byClient(w);
  w.phone('desk').onInvite = phones.answersAfter(10);
  w.app.on('/placed', [{ verb: 'pause', length: 600 }]);
  const sid: string = await calls.create(place(w));
  const desk = await w.phone('desk').nextCall();
  await w.next('/placed');
  assert.deepEqual(
    (await calls.list()).map(({ call_sid: each }: Json) => each),
    [sid],
  );
  assert.equal((await calls.retrieve(sid)).call_status, 'in-progress');
  await calls.update(sid, { mute_status: 'mute' });
  await calls.update(sid, { call_status: 'completed' });
  await desk.byed();
  await w.status((body) => body['call_sid'] === sid && body['call_status'] === 'completed');
  assert.equal((await calls.retrieve(sid)).call_sid, sid);
  await calls.delete(sid);
  await assert.rejects(calls.retrieve(sid), /not found/);
});

story('@jambonz/node-client: what it asks in vain it is told', async (w) => {
  const { calls } = byClient(w);
  await assert.rejects(calls.update('00000000-0000-4000-8000-000000000000', { call_status: 'completed' }));
  await assert.rejects(calls.create({ ...place(w), from: '+15551230001', to: { type: 'phone', number: '' } }));
  await assert.rejects(nodeClient(w.accountSid, 'wrong', { baseUrl: w.graine.http.url }).calls.list());
});

story('@jambonz/node-client: applications.create, list, retrieve, delete', async (w) => {
  const { applications } = byClient(w);
  const sid: string = await applications.create({
    name: 'made by node-client',
    account_sid: w.accountSid,
    call_hook: { url: w.app.url('/call'), method: 'POST' },
    call_status_hook: { url: w.app.url('/status'), method: 'POST' },
  });
  assert.ok((await applications.list()).some((each: Json) => each.application_sid === sid));
  assert.equal((await applications.retrieve(sid)).name, 'made by node-client');
  await applications.delete(sid);
  await assert.rejects(applications.retrieve(sid), /not found/);
});

story('@jambonz/sdk: calls.create, list with filters, get, count, mute, redirect, delete', async (w) => {
  const { calls } = bySdk(w);
  w.phone('desk').onInvite = phones.answersAfter(10);
  w.app.on('/placed', [{ verb: 'pause', length: 600 }]);
  w.app.on('/moved', [{ verb: 'hangup', headers: { 'X-By': 'redirect' } }]);
  const sid: string = await calls.create(place(w));
  const desk = await w.phone('desk').nextCall();
  await w.next('/placed');
  assert.equal((await calls.get(sid)).direction, 'outbound');
  assert.equal((await calls.list({ direction: 'outbound', callStatus: 'in-progress' })).length, 1);
  assert.equal((await calls.list({ direction: 'inbound' })).length, 0);
  assert.deepEqual(await calls.count(), { inbound: 0, outbound: 1 });
  await calls.mute(sid, 'mute');
  await assert.rejects(calls.noiseIsolation(sid, 'enable'), /noise_isolation_status/);
  await calls.redirect(sid, w.app.url('/moved'));
  assert.equal((await desk.byed()).get('x-by'), 'redirect');
  await w.status((body) => body['call_sid'] === sid && body['call_status'] === 'completed');
  await calls.delete(sid);
});
