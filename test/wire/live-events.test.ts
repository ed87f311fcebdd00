// Watching calls live: server-sent events of a real call, from the first INVITE to its end.
import assert from 'node:assert/strict';
import { dial, LiveEvents, phones, realm, stage, toPhone, type World } from '../kit/index.ts';

const story = stage({
  phones: ['gw', { name: 'bob', address: '127.0.0.44' }],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('gw')] }] }),
});

function listen(w: World, query = ''): Promise<LiveEvents> {
  const { url, token } = w.graine.http;
  return LiveEvents.open(`${url}/v1/Live${query}`, { authorization: `Bearer ${token}` });
}

story('a snapshot first, then each leg as it moves, then that it is gone', async (w) => {
  const live = await listen(w);
  const first = live.events[0] ?? (await live.next('snapshot'));
  assert.equal(first.event, 'snapshot');
  assert.deepEqual(first.data['calls'], []);
  w.phone('gw').onInvite = phones.answersAfter(600, { tone: 620 });
  w.app.answers(dial([toPhone()], { answerOnBridge: true }));
  const call = w.calls();
  const ringing = await live.next('call', ({ direction, state }) => direction === 'inbound' && state !== 'in-progress');
  await call.answered();
  const talking = ({ direction, state }: Record<string, unknown>, way: string): boolean =>
    direction === way && state === 'in-progress';
  const caller = await live.next('call', (row) => talking(row, 'inbound') && row['codec'] !== null);
  const callee = await live.next('call', (row) => talking(row, 'outbound'));
  assert.equal(caller.data['call_sid'], ringing.data['call_sid']);
  assert.equal(caller.data['account_sid'], w.accountSid);
  assert.equal(caller.data['answered_at'] === null, false);
  assert.equal(caller.data['media_path'], 'full-media');
  assert.deepEqual(
    [callee.data['parent_call_sid'], callee.data['session'], callee.data['carrier']],
    [caller.data['call_sid'], caller.data['call_sid'], 'acme'],
  );
  assert.match(String(callee.data['target']), /^phone:/);
  const late = await listen(w);
  const snapshot = await late.next('snapshot');
  assert.equal((snapshot.data['calls'] as unknown[]).length, 2, 'who comes later sees what goes on');
  await late.close();
  await call.hangsUp();
  for (const leg of [caller, callee]) {
    const gone = await live.next('gone', (data) => data['call_sid'] === leg.data['call_sid']);
    assert.ok(Date.parse(String(gone.data['ended'])) > Date.parse(String(leg.data['started_at'])));
  }
  await live.close();
});

story('levels: what each leg says, in dBFS, only for those who ask', async (w) => {
  const plain = await listen(w);
  const live = await listen(w, '?levels=1');
  w.phone('gw').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.answers(dial([toPhone()], { answerOnBridge: true }));
  const call = w.calls();
  await call.hears(620);
  const callee = await live.next('call', ({ direction, state }) => direction === 'outbound' && state === 'in-progress');
  const caller = String(callee.data['session']);
  const heard = await live.next('levels', (levels) => Number(levels[caller]) > -40 && caller in levels);
  const [legs, level] = [Object.keys(heard.data), Number(heard.data[caller])];
  assert.ok(legs.length >= 1);
  assert.ok(level > -30 && level < 0, `a tone of the phones is loud: ${level} dBFS`);
  await call.hears(620);
  const count = live.events.filter(({ event }) => event === 'levels').length;
  assert.ok(count >= 1);
  assert.equal(plain.events.filter(({ event }) => event === 'levels').length, 0);
  await live.close();
  await plain.close();
  await call.hears(620);
  await call.hangsUp();
});

story('an account’s key sees its own calls and no others', async (w) => {
  const other = (await w.rest('POST', '/v1/Accounts', { name: 'elsewhere' })).body;
  const key = (await w.rest('POST', '/v1/ApiKeys', { account_sid: other.sid })).body;
  const stranger = await LiveEvents.open(`${w.graine.http.url}/v1/Live?levels=1`, {
    authorization: `Bearer ${key.token}`,
  });
  const all = await listen(w, `?account_sid=${w.accountSid}`);
  w.phone('gw').onInvite = phones.answersAfter(20);
  w.app.answers(dial([toPhone()], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered();
  await all.next('call', ({ state }) => state === 'in-progress');
  await call.hangsUp();
  await all.next('gone');
  assert.deepEqual(
    stranger.events.filter(({ event }) => event !== 'snapshot'),
    [],
  );
  assert.deepEqual((await stranger.next('snapshot')).data['calls'], []);
  const asked = LiveEvents.open(`${w.graine.http.url}/v1/Live?account_sid=${w.accountSid}`, {
    authorization: `Bearer ${key.token}`,
  });
  await assert.rejects(asked, /^Error: 404/);
  await all.close();
  await w.rest('DELETE', `/v1/ApiKeys/${key.sid}`);
  await stranger.ended;
});

story('registrations and alerts are told as they happen', async (w) => {
  const live = await listen(w);
  await w.register('bob');
  const bound = await live.next('registration', ({ aor }) => aor === `bob@${realm}`);
  assert.equal((bound.data['contacts'] as unknown[]).length, 1);
  await w.phone('bob').unregister(w.graine.sip, { username: 'bob', password: 'secret', realm });
  await live.next('registration', ({ contacts }) => (contacts as unknown[]).length === 0);
  w.app.answers([{ verb: 'dail' }]);
  await w.calls().refused();
  const alert = await live.next('alert');
  assert.equal(alert.data['alert_type'], 'invalid-app-payload');
  await live.close();
});
