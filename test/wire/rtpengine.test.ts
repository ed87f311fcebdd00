// Whole calls with media.engine: rtpengine, and what happens when one of two rtpengines dies.
import assert from 'node:assert/strict';
import { after as afterAll } from 'node:test';
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

async function both({ call, desk }: { call: OutgoingPhoneCall; desk: IncomingPhoneCall }): Promise<void> {
  await Promise.all([call.hears(620, now()), desk.hears(440, now())]);
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
    await talk.call.hangsUp();
    await talk.desk.byed();
    await forgotten(w);
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

story('keys reach the application and the other party', async (w) => {
  const talk = await talking(w, { dtmfCapture: ['*1'], dtmfHook: '/dtmf' });
  await after(800);
  await talk.desk.presses('*1', 60);
  assert.equal((await w.next('/dtmf')).body['dtmf'], '*1');
  await talk.call.hangsUp();
  await talk.desk.byed();
});

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
