// Microsoft Teams by Direct Routing: users rung, voicemail, fail-over, calls from Teams, tenants of two accounts. The
// gateways are stand-ins that refuse what Microsoft's documents forbid. reference.md 2.4.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  type Behaviour,
  dial,
  type Header,
  type Json,
  type OutgoingPhoneCall,
  pem,
  phones,
  serverTls,
  type SrtpSuite,
  stage,
  TeamsGateway,
  trusting,
  type World,
} from '../kit/index.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const ours = { tenant: 'tenant.example.test', sbc: 'sbc.example.test' };
const theirs = { tenant: 'other.example.test', sbc: 'other-sbc.example.test' };
const secrets = { cert: pem('server'), key: pem('server.key'), requestCert: true, ...trusting };
const gateways: TeamsGateway[] = [];
type Odd = { srtp: SrtpSuite | undefined; headers?: readonly Header[]; stranger?: true };

const story = stage({
  phones: [
    ...['sip', 'sip2', 'sip3'].map(
      (name) => ({ name, transport: 'tls' as const, tls: secrets, srtp: suite, rtcpMux: true }) as const,
    ),
    { name: 'redmond', address: '127.0.0.2', transport: 'tls', tls: secrets, srtp: suite, rtcpMux: true },
    'bob',
  ],
  config: {
    sip: { alsoListen: ['tls://127.0.0.1:0'], tls: serverTls, teams: { sources: ['127.0.0.2'], ping_seconds: 1 } },
  },
  account: (world) => {
    for (const name of ['sip', 'sip2', 'sip3']) gateways.push(new TeamsGateway(world.phone(name), [ours, theirs]));
    return {
      teams: {
        sbc_fqdn: ours.sbc,
        tenant_fqdn: ours.tenant,
        application: 'main',
        media_bypass: true,
        gateways: gateways.map(({ address }) => address),
      },
    };
  },
});

/** All three take calls so; Microsoft finds both tenants where the server is. */
async function ready(w: World, ...takes: Behaviour[]): Promise<void> {
  const at = { host: '127.0.0.1', port: w.graine.ports['tls'] ?? 0 };
  for (const [n, gateway] of gateways.entries()) {
    gateway.broken.length = 0;
    gateway.takes(takes[n] ?? takes[0] ?? phones.answersAfter(10, { tone: 620 }));
    for (const { tenant } of [ours, theirs]) gateway.phone.finds(tenant, 5061, at);
    await w.eventually(`OPTIONS at ${gateway.phone.name}`, async () => gateway.greeted.has(ours.sbc));
  }
  for (const { tenant } of [ours, theirs]) w.phone('redmond').finds(tenant, 5061, at);
}

function noneBroken(): void {
  assert.deepEqual(
    gateways.flatMap(({ broken }) => broken),
    [],
  );
}

const user = (more: object = {}): Json => ({ type: 'teams', number: '+15083084809', ...more });

/** Redmond calls a number of a tenant, with the Request-URI Microsoft uses. */
function fromTeams(w: World, tenant: string, more: object = {}): OutgoingPhoneCall {
  const via = { transport: 'tls' as const, address: '127.0.0.1', port: w.graine.ports['tls'] ?? 0 };
  return w.phone('redmond').invites(`sip:+15551230001@${tenant}:5061;user=phone;transport=tls`, {
    via,
    from: '+15083084809@sip.pstnhub.microsoft.com',
    tone: 440,
    ...more,
  });
}

story('a Teams user is rung as Microsoft wants it, and both hear each other over SRTP', async (w) => {
  await ready(w);
  w.app.answers(dial([user()], { answerOnBridge: true, callerId: '+15557650001', actionHook: '/done' }));
  const call = w.calls();
  await call.answered();
  const rung = await w.phone('sip').nextCall();
  await Promise.all([call.hears(620), rung.hears(440)]);
  noneBroken();
  assert.equal(rung.invite.uri, 'sip:+15083084809@127.0.0.1');
  assert.match(rung.invite.get('from') ?? '', /<sip:\+15557650001@tenant\.example\.test;transport=tls>/);
  assert.match(rung.invite.get('contact') ?? '', /<sip:\+15083084809@tenant\.example\.test:5061;transport=tls>/);
  assert.equal(rung.media?.packetsForged, 0);
  await w.eventually('a report on the port of RTP', async () => (rung.media?.muxedReports ?? 0) > 0);
  // It comes over a new connection to the name that our Contact gave.
  await rung.hangsUp();
  assert.equal((await w.next('/done')).body['dial_call_status'], 'completed');
});

story('media bypass: a Teams user is found by ICE, and so is the server by one that calls', async (w) => {
  await ready(w);
  for (const name of ['sip', 'redmond']) w.phone(name).ice = 'full';
  w.app.answers(dial([user()], { answerOnBridge: true }));
  const call = fromTeams(w, ours.tenant);
  const answer = await call.answered();
  assert.match(
    answer.sdp ?? '',
    /a=ice-lite[^]*RTP\/SAVP[^]*a=rtcp-mux[^]*a=candidate:[^]*a=crypto:1 AES_CM_128_HMAC_SHA1_80 /,
  );
  const rung = await w.phone('sip').nextCall();
  await Promise.all([call.hears(620), rung.hears(440)]);
  for (const { media } of [call, rung]) assert.equal(media?.ice?.far?.address, '127.0.0.1');
  noneBroken();
  await call.hangsUp();
  for (const name of ['sip', 'redmond']) w.phone(name).ice = undefined;
});

for (const word of ['voicemail', 'vmail'])
  story(`${word}: the call goes straight to the voicemail of the Teams user`, async (w) => {
    await ready(w);
    w.app.answers(dial([user({ [word]: true })], { answerOnBridge: true }));
    const call = w.calls();
    await call.answered();
    const rung = await w.phone('sip').nextCall();
    await Promise.all([call.hears(620), rung.hears(440)]);
    noneBroken();
    assert.equal(rung.invite.uri, 'sip:+15083084809@127.0.0.1;opaque=app:voicemail');
    await call.hangsUp();
  });

story('sip says 503, sip2 says nothing at all, sip3 takes the call', async (w) => {
  await ready(
    w,
    (call) => call.refuses(503),
    () => {},
    phones.answersAfter(10, { tone: 620 }),
  );
  w.app.answers(dial([user()], { answerOnBridge: true }));
  const call = w.calls();
  await call.answered({ within: 12_000 });
  const rung = await w.phone('sip3').nextCall();
  await Promise.all([call.hears(620), rung.hears(440)]);
  assert.equal(w.phone('sip').calls.entries.length, 1);
  assert.equal(w.phone('sip2').calls.entries.length, 1);
  noneBroken();
  await call.hangsUp();
});

story('busy is the user’s own word: no other gateway is asked', async (w) => {
  await ready(w, (call) => call.refuses(486));
  w.app.answers(dial([user()], { answerOnBridge: true, actionHook: '/done' }));
  const call = w.calls();
  assert.equal((await call.refused()).status, 486);
  assert.equal((await w.next('/done')).body['dial_call_status'], 'busy');
  assert.equal(w.phone('sip2').calls.entries.length, 0);
});

story('a call from Teams runs the application of its tenant, and both hear each other', async (w) => {
  await ready(w);
  w.phone('bob').onInvite = phones.answersAfter(10, { tone: 620 });
  await w.register('bob');
  w.app.answers(dial([{ type: 'user', name: 'bob' }], { answerOnBridge: true }));
  const call = fromTeams(w, ours.tenant);
  const answer = await call.answered();
  assert.match(answer.get('contact') ?? '', /<sip:tenant\.example\.test:5061;transport=tls>/);
  assert.match(answer.sdp ?? '', /RTP\/SAVP[^]*a=crypto:1 AES_CM_128_HMAC_SHA1_80 /);
  const rung = await w.phone('bob').nextCall();
  await Promise.all([call.hears(620), rung.hears(440)]);
  const { body } = await w.next('/call');
  assert.equal(body['from'], '+15083084809');
  assert.equal(body['to'], '+15551230001');
  assert.equal(body['originating_sip_trunk_name'], 'teams');
  await call.hangsUp();
  await w.phone('bob').unregister(w.graine.sip, { username: 'bob', password: 'secret', realm: 'voice.example.test' });
});

story('a call from Teams to a name nobody here has: 403 that says so, before any hook', async (w) => {
  await ready(w);
  const refusal = await fromTeams(w, 'nobody.example.test').refused();
  assert.equal(refusal.status, 403);
  assert.match(refusal.get('warning') ?? '', /no Microsoft Teams tenant here is named nobody\.example\.test/);
  assert.equal(w.app.requests.entries.length, 0);
});

story('a call from Teams in the clear: 488, before any hook', async (w) => {
  await ready(w);
  w.phone('redmond').srtp = undefined;
  const refusal = await fromTeams(w, ours.tenant).refused();
  w.phone('redmond').srtp = suite;
  assert.equal(refusal.status, 488);
  assert.equal(w.app.requests.entries.length, 0);
});

story('who is not at Microsoft and names a tenant is no call from Teams', async (w) => {
  await ready(w);
  const via = { transport: 'tls' as const, address: '127.0.0.1', port: w.graine.ports['tls'] ?? 0 };
  // The same name and TLS, from the address of a carrier: the carrier's call it is, in the clear.
  w.app.answers([{ verb: 'sip:decline', status: 480 }]);
  w.phone('sip').srtp = undefined;
  const call = w
    .phone('sip')
    .invites(`sip:+15551230001@${ours.tenant}:5061;transport=tls`, { via, from: '+15557650001' });
  await call.refused();
  w.phone('sip').srtp = suite;
  const { body } = await w.next('/call');
  assert.notEqual(body['originating_sip_trunk_name'], 'teams');
});

story('REST rings a Teams user, and runs the application when it answers', async (w) => {
  await ready(w);
  w.app.answers([{ verb: 'pause', length: 5 }]);
  const placed = await w.account('POST', '/Calls', {
    from: '+15557650001',
    to: { type: 'teams', number: '+15083084809', voicemail: true },
    call_hook: w.app.url('/call'),
  });
  assert.equal(placed.status, 201);
  const rung = await w.phone('sip').nextCall();
  await w.next('/call');
  noneBroken();
  assert.equal(rung.invite.uri, 'sip:+15083084809@127.0.0.1;opaque=app:voicemail');
  await rung.hangsUp();
});

story(
  'two accounts, a tenant each: each rings and is rung under its own name, and not under the other’s',
  async (w) => {
    await ready(w);
    const made = async (path: string, body: object): Promise<string> => {
      const answer = await w.rest('POST', path, body);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return String(answer.body['sid']);
    };
    const account = await made('/v1/Accounts', { name: 'second', sip_realm: 'second.example.test' });
    const application = await made('/v1/Applications', {
      account_sid: account,
      name: 'second',
      call_hook: { url: w.app.url('/second') },
      call_status_hook: { url: w.app.url('/status') },
    });
    const tenant = await made('/v1/MicrosoftTeamsTenants', {
      account_sid: account,
      application_sid: application,
      tenant_fqdn: theirs.tenant,
      sbc_fqdn: theirs.sbc,
      gateways: ['127.0.0.1:9', gateways[2]?.address],
    });
    await w.eventually('OPTIONS of the second', async () => gateways[2]?.greeted.has(theirs.sbc));
    // In: the name decides whose call it is.
    w.app.on('/second', () => [{ verb: 'dial', target: [user({ tenant: ours.tenant })], actionHook: '/done' }]);
    const call = fromTeams(w, theirs.tenant);
    const asked = await w.next('/second');
    assert.equal(asked.body['account_sid'], account);
    // Out: the other account's tenant is not to be had.
    const done = await w.next('/done');
    assert.equal(done.body['dial_call_status'], 'failed');
    assert.match(String(done.body['dial_sip_reason'] ?? ''), /no Microsoft Teams tenant named/);
    call.cancels();
    await call.final();
    assert.equal(gateways.flatMap(({ phone }) => phone.calls.entries).length, 0);
    // Its own tenant is; the first gateway's port is closed.
    w.app.on('/second', () => [{ verb: 'dial', target: [user()], answerOnBridge: true }]);
    const second = fromTeams(w, theirs.tenant);
    await second.answered();
    const rung = await w.phone('sip3').nextCall();
    await Promise.all([second.hears(620), rung.hears(440)]);
    assert.match(rung.invite.get('from') ?? '', /@other\.example\.test;transport=tls>/);
    noneBroken();
    await second.hangsUp();
    const path = `/v1/MicrosoftTeamsTenants/${tenant}`;
    assert.equal((await w.rest('DELETE', path)).status, 204);
    const refusal = await fromTeams(w, theirs.tenant).refused();
    assert.equal(refusal.status, 403);
  },
);

story('an account with two tenants: each target has its own, and without a name that of the caller', async (w) => {
  await ready(w);
  const made = await w.rest('POST', '/v1/MicrosoftTeamsTenants', {
    account_sid: w.accountSid,
    application_sid: (await w.rest('GET', '/v1/Applications')).body[0].application_sid as string,
    tenant_fqdn: theirs.tenant,
    sbc_fqdn: theirs.sbc,
    gateways: [gateways[2]?.address],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await w.eventually('OPTIONS of the second', async () => gateways[2]?.greeted.has(theirs.sbc));
  for (const { phone } of gateways) phone.onInvite = phones.ringsForEver();
  gateways[0]?.takes(phones.ringsForEver());
  gateways[2]?.takes(phones.ringsForEver());
  w.phone('bob').onInvite = phones.ringsForEver();
  const desk = { type: 'sip', sipUri: w.phone('bob').uri };
  w.app.answers(dial([user({ number: '+1', tenant: ours.tenant }), desk, user({ number: '+2' })]));
  const call = fromTeams(w, theirs.tenant);
  const [first, plain, second] = await Promise.all(['sip', 'bob', 'sip3'].map((name) => w.phone(name).nextCall()));
  assert.match(first?.invite.get('contact') ?? '', /<sip:\+1@tenant\.example\.test:5061;/);
  assert.match(second?.invite.get('contact') ?? '', /<sip:\+2@other\.example\.test:5061;/);
  assert.match(second?.invite.get('from') ?? '', /@other\.example\.test;/);
  assert.doesNotMatch(
    String(plain?.invite.raw),
    /other\.example|tenant\.example|a=crypto|pstnhub\.microsoft\.com;transport/,
  );
  noneBroken();
  await call.answered();
  await call.hangsUp();
  assert.equal((await w.rest('DELETE', `/v1/MicrosoftTeamsTenants/${String(made.body.sid)}`)).status, 204);
});

for (const [what, status, options] of [
  ['audio in the clear', 488, { srtp: undefined }],
  ['a suite Microsoft does not speak', 488, { srtp: 'AEAD_AES_256_GCM' }],
  ['a Contact of no tenant', 403, { srtp: suite }],
  ['a session timer', 400, { srtp: suite, headers: [['Session-Expires', '1800']] }],
  ['an SBC that never said OPTIONS', 403, { srtp: suite, stranger: true }],
] as readonly [string, number, Odd][])
  story(`the stand-in is strict: ${what} gets ${status}`, async (w) => {
    await ready(w);
    const [gateway] = gateways;
    assert.ok(gateway !== undefined);
    const other = w.phone('redmond');
    other.srtp = options.srtp;
    if (options.stranger === true) gateway.greeted.clear();
    const call = other.invites(`sip:+15083084809@127.0.0.1`, {
      via: { transport: 'tls', address: '127.0.0.1', port: gateway.phone.port },
      rawFrom: '<sip:+1@tenant.example.test;transport=tls>',
      ...(what === 'a Contact of no tenant' ? {} : { contact: '<sip:+1@tenant.example.test:5061;transport=tls>' }),
      ...(options.headers === undefined ? {} : { headers: options.headers }),
      allow: 'INVITE, ACK, OPTIONS, CANCEL, BYE, NOTIFY, UPDATE, PRACK',
    });
    const refusal = await call.refused();
    other.srtp = suite;
    assert.equal(refusal.status, status, gateway.broken.join('; '));
  });

story('the example of docs/teams.md rings both its targets', async (w) => {
  await ready(w, phones.ringsForEver());
  const page = readFileSync('docs/teams.md', 'utf8').replaceAll('acme.sbc.example.test', ours.tenant);
  w.app.answers(JSON.parse(/```json\n([^]*?)```/.exec(page)?.[1] ?? '') as Json);
  const call = w.calls();
  await w.phone('sip').nextCall(1);
  const uris = w.phone('sip').calls.entries.map(({ invite }) => invite.uri);
  assert.deepEqual(uris.toSorted(), ['sip:+15551230002@127.0.0.1', 'sip:+15551230003@127.0.0.1;opaque=app:voicemail']);
  noneBroken();
  call.cancels();
  await call.final();
});

story('OPTIONS come again and again to all three, from the name of the SBC', async (w) => {
  await ready(w);
  const before = gateways.map(({ greeted }) => greeted.get(ours.sbc) ?? 0);
  await w.eventually('two more at each', async () =>
    gateways.every(({ greeted }, n) => (greeted.get(ours.sbc) ?? 0) >= (before[n] ?? 0) + 2),
  );
  noneBroken();
});
