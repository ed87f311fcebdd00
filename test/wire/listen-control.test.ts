// listen: how it ends and how it is steered: keys, length, silence, REST, the listener's own doing, and those that fail.
import assert from 'node:assert/strict';
import { after as afterAll, before } from 'node:test';
import {
  dial,
  type Ears,
  levelOf,
  ListenerApp,
  type OutgoingPhoneCall,
  type PhoneCall,
  phones,
  stage,
  toSip,
  type World,
} from '../kit/index.ts';

function earsOf(call: PhoneCall | undefined): Ears {
  if (call?.media === undefined) throw new Error('no audio there');
  return call.media.ears;
}

/** All of the callee's tone came, without a hole, and as much of it as in a call beside it that nobody listens to: counted in
 * packets, since this process may be late itself. */
function assertFluent(ears: Ears, beside: Ears, since: number): void {
  const packets = ears.packets.entries.filter((packet) => packet.at >= since);
  const [first, last] = [packets[0], packets.at(-1)];
  assert.ok(first !== undefined && last !== undefined);
  const steps = (last.sequence - first.sequence) & 0xffff;
  assert.equal(packets.length, steps + 1, 'packets are missing');
  const others = beside.packets.entries.filter(({ at }) => at >= first.at && at <= last.at).length;
  assert.ok(
    others > 10 && packets.length >= 0.8 * others,
    `${packets.length} packets, ${others} in the call beside it`,
  );
  const silent = packets.filter((packet) => levelOf(packet.samples, 620) < -30);
  assert.ok(silent.length <= packets.length / 5, `${silent.length} of ${packets.length} packets without the tone`);
}

/** A call that nobody listens to. */
async function plain(w: World): Promise<OutgoingPhoneCall> {
  w.app.answers(dial([toSip(w.phone('desk'))]));
  const call = w.calls();
  await call.hears(620);
  return call;
}

let ear: ListenerApp;
before(async () => {
  ear = await ListenerApp.start();
});
afterAll(() => ear.close());

const story = stage({ phones: ['desk'] });

function isZero({ sound }: { sound: Int16Array }): boolean {
  return sound.every((sample) => sample === 0);
}

story('passDtmf tells each key; finishOnKey ends it, and the actionHook names the key', async (w) => {
  const listen = { verb: 'listen', url: ear.url(), passDtmf: true, finishOnKey: '#*', actionHook: '/listened' };
  w.app.answers([listen]);
  w.app.on('/listened', [{ verb: 'hangup', headers: { 'X-End': 'yes' } }]);
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.hears(440, { rate: 8000 });
  await call.presses('5');
  const key = await heard.texts.until((text) => text['event'] === 'dtmf', { what: 'the key' });
  assert.equal(key['dtmf'], '5');
  assert.ok(key['duration'] > 0);
  // The call may be over before the key is up.
  void call.presses('#');
  const { body } = await w.next('/listened');
  assert.equal(body['digits'], '#');
  assert.equal((await call.byed()).get('x-end'), 'yes');
});

story('maxLength ends it, and the verb after it runs', async (w) => {
  w.app.answers([
    { verb: 'listen', url: ear.url(), maxLength: 1 },
    { verb: 'hangup', headers: { 'X-End': 'yes' } },
  ]);
  const call = w.calls();
  const begun = performance.now();
  await call.answered();
  assert.equal((await call.byed()).get('x-end'), 'yes');
  assert.ok(performance.now() - begun >= 1000);
});

story('timeout ends it when the caller has been silent for so long', async (w) => {
  w.app.answers([{ verb: 'listen', url: ear.url(), timeout: 1 }, { verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.hears(440, { rate: 8000 });
  call.speaks(440, -90);
  await call.byed();
});

story('the listener ends it by disconnect, or by closing', async (w) => {
  const listen = { verb: 'listen', url: ear.url() };
  w.app.answers([listen, listen, { verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  const first = await ear.next();
  await first.first();
  first.send({ type: 'disconnect' });
  const second = await ear.next();
  await second.first();
  second.socket.close(1000);
  await call.byed();
});

story('playBeep is heard by the caller, and not by the listener', async (w) => {
  w.app.answers([{ verb: 'listen', url: ear.url(), playBeep: true }, { verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  await call.hears(1500);
  const heard = await ear.next();
  await heard.hears(440, { rate: 8000 });
  assert.ok(levelOf(heard.sound(), 1500) < -35);
  await call.hangsUp();
});

for (const status of ['listen_status', 'stream_status']) {
  story(`REST ${status}: silence, pause and resume, by the caller's sid or the callee's`, async (w) => {
    w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
    w.app.answers(dial([toSip(w.phone('desk'))], { listen: { url: ear.url() } }));
    const call = w.calls();
    await call.answered();
    const heard = await ear.next();
    const child = String((await heard.first())['callSid']);
    const parent = String((await w.next('/call')).body['call_sid']);
    await heard.hears(440, { rate: 8000 });
    assert.equal((await w.update(parent, { [status]: 'silence' })).status, 202);
    await heard.caughtUp();
    const from = heard.frames.entries.length;
    await heard.frames.until(() => heard.frames.entries.length >= from + 20, { what: 'more zeros' });
    assert.ok(heard.frames.entries.slice(from).every(isZero));
    assert.equal((await w.update(child, { [status]: 'pause' })).status, 202);
    await heard.caughtUp();
    const paused = heard.frames.entries.length;
    await call.hears(620);
    await heard.caughtUp();
    assert.equal(heard.frames.entries.length, paused);
    assert.equal((await w.update(parent, { [status]: 'resume' })).status, 202);
    await heard.hears(440, { rate: 8000 });
    await call.hangsUp();
  });
}

story('listen_status without a listener is 422', async (w) => {
  w.app.answers([{ verb: 'answer' }, { verb: 'pause', length: 60 }]);
  const call = w.calls();
  await call.answered();
  const { body } = await w.next('/call');
  assert.equal((await w.update(String(body['call_sid']), { listen_status: 'pause' })).status, 422);
  await call.hangsUp();
});

story('a listener that cannot be had raises an alert, and the dial goes on', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const listen = { url: 'ws://user:secret@169.254.169.254/latest?token=secret', actionHook: '/listened' };
  w.app.answers(dial([toSip(w.phone('desk'))], { listen }));
  const call = w.calls();
  await call.answered();
  await call.hears(620);
  const [alert] = await w.eventually('the alert', async () => {
    const alerts = await w.alerts('webhook-connection-failure');
    return alerts.length > 0 && alerts;
  });
  assert.ok(JSON.stringify(alert).includes('169.254.169.254'));
  assert.ok(!JSON.stringify(alert).includes('secret'));
  await w.next('/listened');
  await call.hears(620);
  await call.hangsUp();
});

story('a listener that refuses: the verb is over, the next runs', async (w) => {
  w.app.answers([{ verb: 'listen', url: w.app.url('/not-a-websocket') }, { verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  await call.byed();
  await w.eventually('the alert', async () =>
    (await w.alerts('webhook-connection-failure')).some((each) => JSON.stringify(each).includes('not-a-websocket')),
  );
});

story('a listener that stops reading costs its own sound, not the call’s', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const listen = { url: ear.url(), mixType: 'stereo', sampleRate: 48_000 };
  const beside = await plain(w);
  w.app.answers(dial([toSip(w.phone('desk'))], { listen }));
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.hears(440, { rate: 48_000, channel: 0, channels: 2 });
  heard.socket.pause();
  const since = await call.hears(620);
  await earsOf(call).packets.until((packet) => packet.at - since > 2000, { what: 'two more seconds of sound' });
  assertFluent(earsOf(call), earsOf(beside), since);
  heard.socket.resume();
  await Promise.all([call.hangsUp(), beside.hangsUp()]);
  await heard.closes.until(() => true, { what: 'a close' });
});

story('the call ends while the listener is not there: nothing is left', async (w) => {
  w.app.answers([{ verb: 'listen', url: 'ws://127.0.0.1:1/' }]);
  const call = w.calls();
  await call.answered();
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});

story('a hostile listener costs itself, not the call: garbage, floods, frames that are too large', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const beside = await plain(w);
  w.app.answers(dial([toSip(w.phone('desk'))], { listen: { url: ear.url(), actionHook: '/listened' } }));
  const call = w.calls();
  await call.answered();
  const heard = await ear.next();
  await heard.first();
  const since = await call.hears(620);
  for (let n = 0; n < 400; n++) heard.send({ type: 'mark', data: { name: 'x'.repeat(100) } });
  for (let n = 0; n < 20; n++) heard.socket.send('{"type":');
  await heard.texts.until((text) => text['type'] === 'mark', { what: 'an answer all the same' });
  heard.socket.send(Buffer.alloc(5 * 1024 * 1024));
  await w.next('/listened');
  await w.eventually('the alert', async () =>
    (await w.alerts('webhook-connection-failure')).some((each) => JSON.stringify(each).includes('MESSAGE_LENGTH')),
  );
  await earsOf(call).packets.until((packet) => packet.at - since > 600, { what: 'sound for long enough to tell' });
  assertFluent(earsOf(call), earsOf(beside), since);
  await call.hangsUp();
  const { body } = await w.next('/action');
  await beside.hangsUp();
  assert.equal(body['dial_call_status'], 'completed');
  const metrics = await fetch(`${w.graine.http.url}/metrics`).then((answer) => answer.text());
  assert.match(metrics, /graine_listens_total\{end="abusive"\} 1/);
});

story('with earlyMedia it begins before the call is answered', async (w) => {
  w.app.answers([
    { verb: 'listen', url: ear.url(), earlyMedia: true },
    { verb: 'sip:decline', status: 486 },
  ]);
  const call = w.calls();
  assert.equal((await call.rings()).status, 183);
  const heard = await ear.next();
  assert.equal((await heard.first())['callStatus'], 'early-media');
  await heard.frames.until(() => heard.frames.entries.length >= 5, { what: 'frames' });
  heard.send({ type: 'disconnect' });
  assert.equal((await call.refused()).status, 486);
});
