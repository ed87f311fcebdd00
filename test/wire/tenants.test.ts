// Two accounts on one server: neither dials into the other, and hostile names are data. attacks.md F1, F3, C7.
import assert from 'node:assert/strict';
import { dial, LiveEvents, phones, stage, toPhone, type World } from '../kit/index.ts';

const theirRealm = 'theirs.example.test';
const script = '<script>alert(1)</script>';
const story = stage({
  phones: ['gw', { name: 'victor', address: '127.0.0.47' }],
  account: (w) => ({ carriers: [w.origin()] }),
});

type Made = { sid: string };

/** Another account with a registered user, a carrier, a number and an application. */
async function neighbour(w: World, name: string): Promise<{ account: string; application: string }> {
  const make = async (path: string, body: object): Promise<string> => {
    const { status, body: made } = await w.rest('POST', path, body);
    assert.equal(status, 201, `${path}: ${JSON.stringify(made)}`);
    return (made as Made).sid;
  };
  const account = await make('/v1/Accounts', { name, sip_realm: `${name}.${theirRealm}` });
  const at = `/v1/Accounts/${account}`;
  await make(`${at}/Clients`, { username: 'victor', password: 'secret' });
  const carrier = await make(`${at}/VoipCarriers`, { name: `carrier-of-${name}` });
  await make('/v1/SipGateways', {
    voip_carrier_sid: carrier,
    ipv4: '127.0.0.1',
    port: w.phone('gw').port,
    inbound: false,
  });
  const application = await make(`${at}/Applications`, { name: 'main', app_json: [{ verb: 'hangup' }] });
  await make(`${at}/PhoneNumbers`, { number: '15558880001', application_sid: application });
  return { account, application };
}

story('a user of another account is not there, although he is registered', async (w) => {
  await neighbour(w, 'one');
  const realm = `one.${theirRealm}`;
  const server = w.serverFor('victor');
  assert.equal(
    (await w.phone('victor').register(server, { username: 'victor', password: 'secret', realm })).status,
    200,
  );
  w.phone('victor').onInvite = phones.answersAfter(10);
  for (const target of [`victor@${realm}`, `VICTOR@${realm.toUpperCase()}`, `sip:victor@${realm}`]) {
    w.app.answers(dial([{ type: 'user', name: target }], { answerOnBridge: true }));
    assert.equal((await w.calls().refused()).status, 404, target);
    assert.equal((await w.next('/action')).body['dial_sip_status'], 404);
  }
  const placed = await w.account('POST', '/Calls', {
    from: '1',
    to: { type: 'user', name: `victor@${realm}` },
    call_hook: w.app.url('/call'),
  });
  assert.ok(placed.status >= 400, JSON.stringify(placed));
  assert.equal(w.phone('victor').calls.entries.length, 0, 'his phone never rang');
  await w.phone('victor').unregister(server, { username: 'victor', password: 'secret', realm });
});

story('a carrier of another account is unknown, and none of its gateways is used for want of our own', async (w) => {
  await neighbour(w, 'two');
  for (const target of [toPhone({ trunk: 'carrier-of-two' }), toPhone()]) {
    w.app.answers(dial([target], { answerOnBridge: true }));
    await w.calls().refused();
    assert.equal((await w.next('/action')).body['dial_call_status'], 'failed');
  }
  assert.equal(w.phone('gw').calls.entries.length, 0);
});

story('an application of another account does not run for our calls', async (w) => {
  const { application } = await neighbour(w, 'three');
  const body = { from: '1', to: { type: 'phone', number: '+15550001' }, application_sid: application };
  assert.equal((await w.account('POST', '/Calls', body)).status, 400);
  const number = { number: '15557770001', application_sid: application };
  assert.equal((await w.account('POST', '/PhoneNumbers', number)).status, 400);
});

story('a number of another account is not answered by calls of our carrier', async (w) => {
  await neighbour(w, 'four');
  w.app.answers([{ verb: 'hangup' }]);
  await w.calls({ to: '+15558880001' }).refused();
  assert.equal((await w.next('/call')).body['account_sid'], w.accountSid, 'our own application was asked');
});

story('Replaces naming a call of another account takes nothing over', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 30 }]);
  const victim = w.calls();
  await victim.answered();
  w.app.answers([{ verb: 'hangup' }]);
  const thief = w.calls({ headers: [['Replaces', `${victim.callId};to-tag=x;from-tag=y`]] });
  await thief.refused();
  assert.equal((await w.account('GET', '/Calls')).body.length, 1, 'the call goes on');
  await victim.hangsUp();
});

story('script in a display name and a From is kept and told as data: JSON, never a page', async (w) => {
  const { url, token } = w.graine.http;
  const headers = { authorization: `Bearer ${token}` };
  const live = await LiveEvents.open(`${url}/v1/Live`, headers);
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 30 }]);
  const call = w.calls({ rawFrom: `"${script}\u2028" <sip:%3Cimg%20src=x%3E@evil.test>` });
  await call.answered();
  const row = await live.next('call', ({ state }) => state === 'in-progress');
  const sid = String(row.data['call_sid']);
  const response = await fetch(`${url}/v1/Accounts/${w.accountSid}/Calls/${sid}`, { headers });
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  const told = (await response.json()) as { caller_name: string };
  assert.ok(told.caller_name.includes(script), 'as it came');
  await call.hangsUp();
  const page = await w.eventually('the ladder page', async () => {
    const answer = await fetch(`${url}/v1/Accounts/${w.accountSid}/Calls/${sid}/Trace?format=html`, { headers });
    return answer.status === 200 && answer.text();
  });
  assert.ok(!page.includes(script), 'escaped where it is a page');
  await live.close();
});
