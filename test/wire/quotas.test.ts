// One tenant beyond its limits gets 503 and Retry-After; another does not notice. attacks.md B5, F2; reference.md 2.1.
import assert from 'node:assert/strict';
import { after, at, number, type OutgoingPhoneCall, stage, type World } from '../kit/index.ts';

const realm = 'limited.example.test';
const story = stage({ phones: ['ann', 'desk'] });

const hold = [{ verb: 'answer' }, { verb: 'pause', length: 60 }];

/** Sets limits of the kit's own account. */
async function limits(w: World, fields: object): Promise<void> {
  assert.equal((await w.rest('PUT', `/v1/Accounts/${w.accountSid}`, fields)).status, 204);
}

/** An account of its own for one story, with a user ann. */
async function tenant(w: World): Promise<{ sid: string; call: () => OutgoingPhoneCall; gone: () => Promise<void> }> {
  const account = await w.rest('POST', '/v1/Accounts', { name: 'limited', sip_realm: realm });
  assert.equal(account.status, 201, JSON.stringify(account.body));
  const sid = String(account.body.sid);
  const app = await w.rest('POST', '/v1/Applications', {
    name: 'main',
    account_sid: sid,
    call_hook: w.app.url('/call'),
    call_status_hook: w.app.url('/status'),
  });
  await w.rest('PUT', `/v1/Accounts/${sid}`, { device_calling_application_sid: app.body.sid });
  const client = await w.rest('POST', '/v1/Clients', { account_sid: sid, username: 'ann', password: 'secret' });
  assert.equal(client.status, 201, JSON.stringify(client.body));
  const call = (): OutgoingPhoneCall =>
    w.phone('ann').invites(`sip:100@${w.graine.sip.host}:${w.graine.sip.port}`, {
      from: `ann@${realm}`,
      login: { username: 'ann', password: 'secret' },
    });
  const gone = async (): Promise<void> => {
    await w.rest('PUT', `/v1/Accounts/${sid}`, { device_calling_application_sid: null });
    await w.rest('DELETE', `/v1/Applications/${String(app.body.sid)}`);
    await w.rest('DELETE', `/v1/Clients/${String(client.body.sid)}`);
    assert.equal((await w.rest('DELETE', `/v1/Accounts/${sid}`)).status, 204);
  };
  return { sid, call, gone };
}

async function isRefused(call: OutgoingPhoneCall, reason: string): Promise<void> {
  const refusal = await call.refused();
  assert.equal(refusal.status, 503);
  assert.equal(refusal.reason, reason);
  assert.match(refusal.get('retry-after') ?? '', /^\d+$/);
}

story('max_calls: the call beyond gets 503, one alert, no hook; when one ends the next may come', async (w) => {
  w.app.answers(hold);
  await limits(w, { max_calls: 2 });
  const calls = [w.calls(), w.calls()];
  for (const call of calls) await call.answered();
  for (let n = 0; n < 3; n++) await isRefused(w.calls(), 'Maximum Calls In Progress');
  assert.equal(w.app.all('/call').length, 2);
  const alerts = await w.eventually('the alert', async () => {
    const found = await w.alerts('account-call-limit');
    return found.length > 0 && found;
  });
  assert.equal(alerts.length, 1, 'not one for every refusal');
  await calls[0]?.hangsUp();
  const next = await w.eventually('a free place', async () => {
    const call = w.calls();
    return (await call.final()).status === 200 && call;
  });
  for (const call of [calls[1], next]) await call?.hangsUp();
  await limits(w, { max_calls: null });
});

story('a limit set by /Limits holds for calls that REST places too', async (w) => {
  w.app.answers(hold);
  const limit = { category: 'voice_call_session', quantity: 1 };
  assert.equal((await w.account('POST', '/Limits', limit)).status, 201);
  const call = w.calls();
  await call.answered();
  const placed = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'sip', sipUri: w.phone('desk').uri },
    call_hook: w.app.url('/call'),
  });
  assert.equal(placed.status, 503, JSON.stringify(placed.body));
  assert.equal(w.phone('desk').calls.entries.length, 0);
  await call.hangsUp();
  assert.equal((await w.account('DELETE', '/Limits')).status, 204);
});

story('max_cps: a tenant that calls faster is refused; the others’ calls all go through', async (w) => {
  w.app.answers([{ verb: 'sip:decline', status: 480 }]);
  const limited = await tenant(w);
  assert.equal((await w.rest('PUT', `/v1/Accounts/${limited.sid}`, { max_cps: 2 })).status, 204);
  const [flood, others] = [
    Array.from({ length: 20 }, () => limited.call()),
    Array.from({ length: 20 }, () => w.phone('alice').invites(at(number, w.graine.sip), { from: '+15557650001' })),
  ];
  const refusals = await Promise.all(flood.map((call) => call.refused()));
  const turnedAway = refusals.filter((each) => each.status === 503);
  assert.ok(turnedAway.every((each) => each.get('retry-after') === '1'));
  assert.ok(turnedAway.length > 0, 'twenty calls at once are faster than two a second');
  const statuses = await Promise.all(others.map(async (call) => (await call.refused()).status));
  assert.deepEqual(new Set(statuses), new Set([480]), 'the other tenant’s calls all reached their application');
  await w.eventually('a second later it may call again', async () => {
    await after(100);
    return (await limited.call().refused()).status === 480;
  });
  await w.eventually('its calls have ended', () => w.idle());
  await limited.gone();
});
