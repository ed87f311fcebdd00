// Calls with SRTP while they last: hold, new keys, several devices, what listens in, and what must not hurt.
// RFC 3711 §3.3, RFC 4568 §7.1; attack E2, ES2021-09.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after as afterAll, before } from 'node:test';
import {
  after,
  dial,
  type IncomingPhoneCall,
  type Json,
  levelOf,
  ListenerApp,
  type OutgoingPhoneCall,
  phones,
  readSdp,
  readWav,
  stage,
  toPhone,
  toSip,
  toUser,
  type World,
} from '../kit/index.ts';
import { lostSince } from '../kit/cluster.ts';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const folder = mkdtempSync(path.join(os.tmpdir(), 'graine-srtp-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const story = stage({
  phones: [
    'desk',
    { name: 'vault', srtp: suite },
    { name: 'bob', srtp: suite },
    { name: 'tablet', srtp: 'AEAD_AES_128_GCM' },
  ],
  config: { media: { recordings: folder } },
  account: (world) => ({
    clients: [
      { username: 'bob', password: 'secret', srtp: 'require' },
      { username: 'alice', password: 'secret' },
    ],
    carriers: [
      {
        name: 'origin',
        application: 'main',
        gateways: [world.gateway('alice', { inbound: true, outbound: false, srtp: 'offer' })],
      },
      { name: 'vault', gateways: [world.gateway('vault', { srtp: 'require' })] },
    ],
  }),
});

type Talk = { readonly call: OutgoingPhoneCall; readonly rung: IncomingPhoneCall; readonly sid: string };

/** Alice, with keys, talks to the desk without, or to the vault with its own. */
async function talking(w: World, to: 'desk' | 'vault' = 'desk', more: object = {}): Promise<Talk> {
  w.phone('alice').srtp = suite;
  w.phone(to).onInvite = phones.answersAfter(10, { tone: 620 });
  const target = to === 'desk' ? toSip(w.phone('desk')) : toPhone({ trunk: 'vault' });
  w.app.answers(dial([target], { answerOnBridge: true, ...more }));
  const call = w.calls();
  const rung = await w.phone(to).nextCall();
  await bothHear({ call, rung });
  return { call, rung, sid: String((await w.next('/call')).body['call_sid']) };
}

async function bothHear({ call, rung }: Pick<Talk, 'call' | 'rung'>): Promise<void> {
  await Promise.all([call.hears(620), rung.hears(440)]);
}

/** The last figures of a leg's audio: those of the caller, unless another is asked for. */
async function figures(w: World, sid: string, callSid = sid): Promise<Record<string, Json>> {
  return w.eventually('the figures of the call', async () => {
    const { body } = await w.account('GET', `/Calls/${sid}/Trace`);
    const rows = body as Record<string, Json>[];
    const row = rows.find((each) => each['title'] === 'media.quality' && each['call_sid'] === callSid);
    return row === undefined ? undefined : (row['detail'] as Record<string, Json>);
  });
}

const keyIn = (sdp = ''): string => /inline:(\S+)/.exec(sdp)?.[1] ?? '';

for (const to of ['desk', 'vault'] as const)
  story(`hold and resume from either side keep the keys, and both hear each other again (${to})`, async (w) => {
    const talk = await talking(w, to);
    const { call, rung, sid } = talk;
    const ours = keyIn((await call.answered()).sdp);
    for (const end of [call, rung]) {
      const held = await end.holds();
      assert.equal(held.status, 200);
      if (end === call) assert.equal(keyIn(held.sdp), ours);
      await after(100);
      assert.equal((await end.resumes()).status, 200);
      await bothHear(talk);
    }
    const offers = rung.received.entries.filter((each) => each.isRequest && each.method === 'INVITE');
    assert.ok(offers.length >= 3, 'the hold was passed on');
    if (to === 'vault') {
      const answer = readSdp(offers[0]?.sdp ?? '').crypto.find((line) => line.includes(` ${suite} `)) ?? '';
      for (const again of offers.slice(1)) assert.equal(keyIn(again.sdp), keyIn(answer));
    }
    await call.hangsUp();
    assert.equal((await figures(w, sid))['packetsForged'], 0);
    assert.equal(call.media?.packetsForged, 0);
  });

story(
  'the same offer again is answered with the same key; one with a new key with a new one, and no gap is heard',
  async (w) => {
    const { call, rung, sid } = await talking(w);
    const first = keyIn((await call.answered()).sdp);
    assert.equal(keyIn((await call.reInvites()).sdp), first);
    const begun = performance.now();
    const renewed = await call.reInvites({ rekeys: true });
    assert.equal(renewed.status, 200);
    assert.notEqual(keyIn(renewed.sdp), first);
    await after(1500);
    // What is lost leaves a hole in the numbers; what a busy machine brings late does not.
    for (const each of [rung, call])
      assert.ok(lostSince(each, begun) <= 7, `${lostSince(each, begun)} packets are lost`);
    await bothHear({ call, rung });
    await call.hangsUp();
    assert.equal((await figures(w, sid))['packetsForged'], 0);
  },
);

story('the callee changes its key: the server takes it, and keeps the caller’s leg as it is', async (w) => {
  const talk = await talking(w, 'vault');
  assert.equal((await talk.rung.reInvites({ rekeys: true })).status, 200);
  // What we send under the key that our answer tells may come before the answer.
  const early = talk.rung.media?.packetsForged;
  await after(300);
  await bothHear(talk);
  assert.equal(talk.rung.media?.packetsForged, early);
  await talk.call.hangsUp();
});

story(
  'the callee changes its key in the answer to our re-INVITE: it is followed both ways, and heard from then on',
  async (w) => {
    const talk = await talking(w, 'vault');
    const { call, rung, sid } = talk;
    const before = rung.sends?.masterKey;
    rung.rekeys();
    assert.equal((await call.holds()).status, 200);
    assert.equal((await call.resumes()).status, 200);
    assert.notEqual(rung.sends?.masterKey, before);
    // Its old sequence goes on under the new key; a context that began anew takes it as it comes.
    await bothHear(talk);
    assert.equal(rung.media?.packetsForged, 0, 'our own key stays');
    rung.rekeys();
    await call.holds();
    await call.resumes();
    await bothHear(talk);
    await call.hangsUp();
    assert.ok(Number((await figures(w, sid))['packetsReceived']) > 0);
  },
);

story('two devices of a user get keys of their own, each in its suite; the winner talks', async (w) => {
  await w.register('bob', 'bob');
  await w.register('tablet', 'bob');
  w.phone('tablet').onInvite = phones.answersAfter(100, { tone: 620 });
  w.app.answers(dial([toUser('bob')], { answerOnBridge: true }));
  const call = w.calls();
  const [bob, tablet] = await Promise.all([w.phone('bob').nextCall(), w.phone('tablet').nextCall()]);
  const keys = [bob, tablet].flatMap(({ offer }) => offer?.crypto.map((line) => keyIn(line)) ?? []);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keys.length, 10);
  await bothHear({ call, rung: tablet });
  await bob.cancelled();
  await call.hangsUp();
  for (const each of ['bob', 'tablet'])
    await w.phone(each).unregister(w.graine.sip, { username: 'bob', password: 'secret', realm: 'voice.example.test' });
});

story('exitMediaPath with an encrypted end: the audio stays here, with the reason', async (w) => {
  const talk = await talking(w, 'desk', { exitMediaPath: true });
  await w.eventually('an alert', async () => (await w.alerts('media-failure')).length > 0);
  assert.match(String((await w.alerts('media-failure'))[0]?.['message']), /keys are between each end and this server/);
  await bothHear(talk);
  await talk.call.hangsUp();
});

let ear: ListenerApp;
before(async () => {
  ear = await ListenerApp.start();
});
afterAll(() => ear.close());

story('a listener, a recording and keys of encrypted ends are those of their plain audio', async (w) => {
  const listen = { url: ear.url(), mixType: 'stereo' };
  const { call, rung, sid } = await talking(w, 'vault', { listen });
  const heard = await ear.next();
  await heard.sounds(
    [
      { loud: [440], quiet: [620] },
      { loud: [620], quiet: [440] },
    ],
    8000,
  );
  assert.equal((await w.update(sid, { record: { action: 'startCallRecording' } })).status, 202);
  await call.presses('7');
  await rung.media?.ears.digits.until((each) => each.digit === '7', { what: 'the key', story: () => w.story() });
  await after(800);
  await call.hangsUp();
  const cdr = await w.eventually('the CDR', async () => {
    const { body } = await w.account('GET', '/RecentCalls?page=1&count=50');
    return (body.data as Json[]).find((each) => each.call_sid === sid && each.recording_url);
  });
  const { url, token } = w.graine.http;
  assert.ok(String(cdr.recording_url).startsWith(url));
  // The file has its name a moment after the CDR.
  const recorded = await w.eventually('the recording', async () => {
    const answer = await fetch(String(cdr.recording_url), { headers: { authorization: `Bearer ${token}` } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return answer.status === 200 && bytes;
  });
  const { channels, rate } = readWav(recorded);
  const [left, right] = [channels[0] ?? new Int16Array(0), channels[1] ?? new Int16Array(0)];
  assert.ok(levelOf(left, 440, rate) > -25 && levelOf(right, 620, rate) > -25, 'both are in the recording');
  assert.equal((await figures(w, sid))['packetsForged'], 0);
});

story('the wrong key: silence, counted, and no hang-up; with the right one the talk goes on', async (w) => {
  const { call, rung, sid } = await talking(w);
  const key = { suite, masterKey: keyIn((await call.answered()).sdp) } as const;
  const own = call.sends;
  assert.ok(own !== undefined);
  call.media?.secure({ send: { suite, masterKey: randomBytes(30).toString('base64') }, receive: key });
  await after(400);
  const since = performance.now();
  await after(600);
  assert.ok((rung.media?.ears.level({ since }) ?? 0) < -60, 'nothing of it is heard');
  call.media?.secure({ send: own, receive: key });
  await rung.hears(440);
  await call.hangsUp();
  const { packetsForged, packetsRefused } = await figures(w, sid);
  assert.ok(packetsForged >= 30 && packetsRefused >= packetsForged, `${packetsForged} of ${packetsRefused}`);
  const metrics = await (await fetch(`${w.graine.http.url}/metrics`)).text();
  const counted = /graine_srtp_packets_refused_total\{why="forged"\} (\d+)/.exec(metrics)?.[1];
  assert.ok(Number(counted) >= 30, `the metric says ${counted}`);
});

story('packets again, RTP in the clear, STUN, a ClientHello and noise: counted, nobody hears them', async (w) => {
  const { call, rung, sid } = await talking(w);
  const to = readSdp((await call.answered()).sdp ?? '');
  const { media } = call;
  assert.ok(media !== undefined);
  const before = rung.media?.ears.packets.entries.length ?? 0;
  const begun = performance.now();
  const plain = Buffer.concat([Buffer.from(media.lastSent.subarray(0, 12)), Buffer.alloc(160, 0x55)]);
  plain.writeUInt16BE((plain.readUInt16BE(2) + 20) & 0xffff, 2);
  const stun = Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(12)]);
  const hello = Buffer.concat([Buffer.from('16fefd000000000000000000', 'hex'), randomBytes(90)]);
  for (let i = 0; i < 20; i++)
    for (const bytes of [media.lastSent, plain, stun, hello, randomBytes(200)]) {
      media.sendRaw(bytes, to);
      media.sendRaw(bytes, { address: to.address, port: to.port + 1 });
    }
  await after(500);
  const came = (rung.media?.ears.packets.entries.length ?? 0) - before;
  // Of each kind there were twenty; those of the call may have been late.
  assert.ok(came <= (performance.now() - begun) / 20 + 15, `${came} packets came`);
  await bothHear({ call, rung });
  await call.hangsUp();
  const { packetsForged, packetsReplayed, packetsRefused } = await figures(w, sid);
  assert.ok(packetsReplayed >= 15, `${packetsReplayed} replayed`);
  assert.ok(packetsForged >= 20, `${packetsForged} forged`);
  assert.ok(packetsRefused >= 150, `${packetsRefused} refused`);
});

for (const each of [suite, 'AEAD_AES_256_GCM'] as const)
  story(`${each}: the sequence number goes round, with loss about it, and both still hear each other`, async (w) => {
    w.phone('alice').srtp = each;
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))], { answerOnBridge: true }));
    w.phone('alice').dropsPackets(15);
    const call = w.calls();
    (await call.openMedia()).numbersFrom(65_500);
    const rung = await w.phone('desk').nextCall();
    const sid = String((await w.next('/call')).body['call_sid']);
    await rung.hears(440);
    await after(1500);
    await rung.hears(440);
    await call.hears(620);
    assert.ok((call.media?.lastSent.readUInt16BE(2) ?? 65_535) < 1000, 'it went round');
    await call.hangsUp();
    const { packetsForged, packetsReplayed } = await figures(w, sid);
    assert.deepEqual([packetsForged, packetsReplayed], [0, 0]);
  });
