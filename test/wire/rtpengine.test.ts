// Whole calls with media.engine: rtpengine, and what happens when one of two rtpengines dies.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
import { sequence, silence, speech } from '../../src/media/detect/speechlike.ts';
import {
  after,
  dial,
  type IncomingPhoneCall,
  type OutgoingPhoneCall,
  phones,
  type Rtpengine,
  stage,
  startRtpengine,
  toSip,
  type World,
} from '../kit/index.ts';

const started = [await startRtpengine(), await startRtpengine()];
const [one, two] = started.filter((each) => !('missing' in each)) as [Rtpengine, Rtpengine];
if (two === undefined) throw new Error('rtpengine is not installed: apt-get install -y rtpengine-daemon');
afterAll(async () => void (await Promise.all([one.remove(), two.remove()])));

const story = stage({
  phones: ['desk'],
  config: { media: { engine: 'rtpengine', rtpengine: [one.place, two.place] } },
  account: (world) => ({
    carriers: [
      {
        name: 'origin',
        application: 'main',
        gateways: [world.gateway('alice', { inbound: true, outbound: false, srtp: 'offer' })],
      },
    ],
  }),
});

const now = (): { since: number } => ({ since: performance.now() });

async function talking(
  w: World,
  options: Record<string, unknown> = {},
  nth = 0,
): Promise<{ call: OutgoingPhoneCall; desk: IncomingPhoneCall }> {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  w.app.answers(dial([toSip(w.phone('desk'))], options));
  const call = w.calls();
  const desk = await w.phone('desk').nextCall(nth);
  await Promise.all([call.hears(620), desk.hears(440)]);
  return { call, desk };
}

/** Both ends with keys, each its own. */
async function encrypted(w: World): Promise<Awaited<ReturnType<typeof talking>>> {
  const [alice, desk] = [w.phone('alice'), w.phone('desk')];
  alice.srtp = 'AEAD_AES_256_GCM';
  desk.srtp = 'AES_CM_128_HMAC_SHA1_80';
  const talk = await talking(w, { srtpEncryption: 'sdes', answerOnBridge: true });
  alice.srtp = undefined;
  desk.srtp = undefined;
  return talk;
}

/** Our key, as SDP shows it. */
const keyIn = (message: { readonly body: Buffer }): string | undefined =>
  /a=crypto:\d+ \S+ inline:(\S+)/.exec(message.body.toString())?.[1];

async function both({ call, desk }: { call: OutgoingPhoneCall; desk: IncomingPhoneCall }): Promise<void> {
  await Promise.all([call.hears(620, now()), desk.hears(440, now())]);
}

async function ends(w: World, { call, desk }: { call: OutgoingPhoneCall; desk: IncomingPhoneCall }): Promise<void> {
  await call.hangsUp();
  await desk.byed();
  await forgotten(w);
}

async function forgotten(w: World): Promise<void> {
  await w.eventually(
    'no call left in rtpengine',
    async () => (await one.calls().catch(() => 0)) + (await two.calls().catch(() => 0)) === 0,
  );
}

story(
  'a dialled call: the phones are told of rtpengine’s ports, hear each other, and nothing is left behind',
  async (w) => {
    const talk = await talking(w);
    const answer = await talk.call.answered();
    const port = Number(/m=audio (\d+)/.exec(answer.body.toString())?.[1]);
    assert.ok(one.has(port) || two.has(port));
    await after(800);
    await both(talk);
    await ends(w, talk);
  },
);

story(
  'the CDR of a call that rtpengine carries alone says how well it was heard, by what the phones report',
  async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.phone('desk').dropsPackets(20);
    w.app.answers(dial([toSip(w.phone('desk'))]));
    const call = w.calls({ payloads: [0] });
    const desk = await w.phone('desk').nextCall();
    await Promise.all([call.hears(620), desk.hears(440)]);
    const [{ call_sid: sid }] = (await w.account('GET', '/Calls')).body as [{ call_sid: string }];
    const reported = async (): Promise<boolean> => {
      await after(500);
      const legs = JSON.stringify((await w.account('GET', `/Calls/${sid}/Quality`)).body);
      return legs.match(/"reportedBy":"listener"/g)?.length === 2;
    };
    await w.eventually('each has reported what it hears', reported, 20_000);
    await after(2000);
    await call.hangsUp();
    await desk.byed();
    const { body } = await w.next('/action');
    const { caller, callee } = body['dial_quality'];
    assert.ok(callee.packets_lost_percent > 8 && callee.packets_lost_percent < 35, `${callee.packets_lost_percent} %`);
    assert.ok(caller.packets_lost_percent < 5 && caller.mos > callee.mos + 0.3, `${caller.mos} and ${callee.mos}`);
    const trace = JSON.stringify((await w.account('GET', `/Calls/${body['call_sid']}/Trace`)).body);
    assert.match(trace, /"reportedBy":"listener"/);
    const rows = await w.eventually('both CDRs', async () => {
      const all = (await w.account('GET', '/RecentCalls?page=1&count=9&days=1')).body.data as Record<string, unknown>[];
      const found = all.filter((row) => [body['call_sid'], body['dial_call_sid']].includes(row['call_sid']));
      return found.length === 2 && found;
    });
    assert.ok(
      rows.every(({ mos }) => typeof mos === 'number'),
      JSON.stringify(rows),
    );
  },
);

story('hold and resume while rtpengine carries the call', async (w) => {
  const talk = await talking(w, { onHoldHook: '/hold' });
  w.app.on('/hold', [{ verb: 'play', url: 'tone_stream://%(2000,0,880)' }]);
  await after(800);
  assert.equal((await talk.desk.holds()).status, 200);
  await talk.call.hears(880);
  await w.next('/hold');
  assert.equal((await talk.desk.resumes()).status, 200);
  await both(talk);
  await after(800);
  await both(talk);
  await talk.call.hangsUp();
  await talk.desk.byed();
});

story('amd of a call of rtpengine: the callee is heard, and the talk goes on', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: sequence([silence(300), speech(900), silence(300)]) });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd' } }));
  const call = w.calls();
  const desk = await w.phone('desk').nextCall();
  const { body } = await w.next('/amd', 10_000);
  assert.equal(body['type'], 'amd_human_detected');
  desk.media?.tone(620);
  await both({ call, desk });
  await call.hangsUp();
});

story('keys reach the application and the other party', async (w) => {
  const talk = await talking(w, { dtmfCapture: ['*1'], dtmfHook: '/dtmf' });
  await after(800);
  await talk.desk.presses('*1', 60);
  assert.equal((await w.next('/dtmf')).body['dtmf'], '*1');
  await talk.call.hangsUp();
  await talk.desk.byed();
});

story('encrypted audio of rtpengine: a hold keeps its keys, and new keys are taken in mid-call', async (w) => {
  const talk = await encrypted(w);
  await after(800);
  assert.equal((await talk.desk.holds()).status, 200);
  assert.equal((await talk.desk.resumes()).status, 200);
  await both(talk);
  await after(800);
  await both(talk);
  const before = keyIn(await talk.call.answered());
  const renewed = await talk.call.reInvites({ rekeys: true });
  assert.equal(renewed.status, 200);
  assert.notEqual(keyIn(renewed), before);
  await both(talk);
  await after(800);
  await both(talk);
  await ends(w, talk);
});

story(
  'the rtpengine of an encrypted call is killed: it goes on by another, with keys that were never used',
  async (w) => {
    const talk = await encrypted(w);
    await after(800);
    const daemon = (await one.calls()) > 0 ? one : two;
    const other = daemon === one ? two : one;
    const before = keyIn(await talk.call.answered());
    await daemon.kill();
    const moved = await talk.call.gets((message) => message.isRequest && message.method === 'INVITE');
    assert.ok(other.has(Number(/m=audio (\d+)/.exec(moved.body.toString())?.[1])));
    assert.ok(before !== undefined && keyIn(moved) !== undefined && keyIn(moved) !== before);
    await both(talk);
    await daemon.start();
    await talk.call.hangsUp();
    await talk.desk.byed();
    await forgotten(w);
  },
);

for (const [title, die, revive] of [
  ['is killed', 'kill', 'start'],
  ['hangs', 'pause', 'resume'],
] as const) {
  story(`the rtpengine of a call ${title}: both hear each other again within 3 s`, async (w) => {
    const talk = await talking(w);
    await after(800);
    const daemon = (await one.calls()) > 0 ? one : two;
    const other = daemon === one ? two : one;
    const at = performance.now();
    await daemon[die]();
    const moved = await talk.call.gets((message) => message.isRequest && message.method === 'INVITE');
    assert.ok(other.has(Number(/m=audio (\d+)/.exec(moved.body.toString())?.[1])));
    await both(talk);
    const ms = performance.now() - at;
    assert.ok(ms < 3500, `${ms} ms, half a second of listening included`);
    console.log(`heard again after ${Math.round(ms)} ms`);
    await daemon[revive]();
    await talk.call.hangsUp();
    await talk.desk.byed();
    await forgotten(w);
  });
}

story('it is started anew at once, and knows nothing: the call goes on', async (w) => {
  const talk = await talking(w);
  await after(800);
  const daemon = (await one.calls()) > 0 ? one : two;
  await daemon.kill();
  await daemon.start();
  await talk.call.gets((message) => message.isRequest && message.method === 'INVITE');
  await both(talk);
  await talk.call.hangsUp();
  await talk.desk.byed();
  await forgotten(w);
});

story('none is left: workers carry the call', async (w) => {
  const talk = await talking(w);
  await after(800);
  await Promise.all([one.kill(), two.kill()]);
  await talk.call.gets((message) => message.isRequest && message.method === 'INVITE');
  await both(talk);
  await talk.call.hangsUp();
  await talk.desk.byed();
  await talking(w, {}, 1).then(async (more) => {
    await more.call.hangsUp();
    await more.desk.byed();
  });
  await Promise.all([one.start(), two.start()]);
});
