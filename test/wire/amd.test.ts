// amd: who answered, told while and after it is found out; the gate. dial.md amd, reference.md 6, decisions.md amd.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { sequence, silence, speech, tone } from '../../src/media/detect/speechlike.ts';
import { dial, type HookRequest, phones, stage, toPhone, toSip, type World } from '../kit/index.ts';
import { SttVendor } from '../kit/stt-vendor.ts';

let vendor: SttVendor;
before(async () => {
  vendor = await SttVendor.start();
});

const story = stage({
  phones: ['desk', 'hall', 'acme', { name: 'vault', srtp: 'AES_CM_128_HMAC_SHA1_80' }],
  account: (w) => ({ carriers: [w.origin(), { name: 'acme', gateways: [w.gateway('acme')] }] }),
});

/** A busy machine does not listen at once when a call is answered. */
const lead = silence(1200);
const person = sequence([lead, speech(900), silence(500)]);
const mailbox = sequence([lead, speech(1500), silence(500), tone([1000], 500), silence(200)]);
/** A verdict takes seconds of sound. */
const within = 20_000;

/** What the hook was told, in order, up to the event of this type. */
async function told(w: World, last: string): Promise<HookRequest['body'][]> {
  const bodies: HookRequest['body'][] = [];
  for (;;) {
    const { body } = await w.next('/amd', within);
    bodies.push(body);
    if (body['type'] === last) return bodies;
  }
}
const inWords = (bodies: readonly HookRequest['body'][]): string[] =>
  bodies.map((body) => [body['type'], body['event'], body['amd_type']].filter(Boolean).join(' '));

story('a person who answers is told as one, in both vocabularies, with both calls; the talk goes on', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: person });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd' } }));
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  const bodies = await told(w, 'amd_stopped');
  assert.deepEqual(inWords(bodies), ['amd_human_detected amd human', 'amd_stopped']);
  const human = bodies[0]!;
  assert.ok(human['confidence'] >= 0.5 && human['confidence'] <= 1);
  assert.equal(human['reason'], 'short greeting');
  const parent = (await w.next('/call')).body['call_sid'];
  assert.equal(human['call_sid'], parent);
  assert.notEqual(human['dial_call_sid'], parent);
  callee.media?.tone(620);
  await Promise.all([call.hears(620), callee.hears(440)]);
  await call.hangsUp();
  assert.equal((await w.next('/action')).body['dial_call_sid'], human['dial_call_sid']);
});

story('a mailbox: machine, its beep with the frequency, the end of its greeting', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: mailbox });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { actionHook: '/amd' } }));
  const call = w.calls();
  const bodies = await told(w, 'amd_stopped');
  assert.deepEqual(inWords(bodies), [
    'amd_machine_detected amd machine',
    'amd_tone_detected beep',
    'amd_machine_stopped_speaking silence',
    'amd_stopped',
  ]);
  const beep = bodies[1]!;
  assert.ok(Math.abs(beep['frequency'] - 1000) <= 5 && Number.isInteger(beep['variance']), JSON.stringify(beep));
  await call.hangsUp();
  await w.next('/action');
});

story('a mailbox behind SRTP is heard as in the clear', async (w) => {
  w.phone('vault').onInvite = phones.answersAfter(10, { speech: mailbox });
  w.app.answers(dial([toSip(w.phone('vault'))], { srtpEncryption: 'sdes', amd: { hook: '/amd' } }));
  const call = w.calls();
  const callee = await w.phone('vault').nextCall();
  assert.match(callee.invite.sdp ?? '', /RTP\/SAVP/);
  const bodies = await told(w, 'amd_stopped');
  assert.deepEqual(inWords(bodies), [
    'amd_machine_detected amd machine',
    'amd_tone_detected beep',
    'amd_machine_stopped_speaking silence',
    'amd_stopped',
  ]);
  assert.ok(Math.abs(bodies[1]!['frequency'] - 1000) <= 5);
  await call.hangsUp();
  await w.next('/action');
});

story('nobody speaks: told as silence, at the time that was asked for', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: silence(100) });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd', timers: { noSpeechTimeoutMs: 600 } } }));
  const call = w.calls();
  const bodies = await told(w, 'amd_stopped');
  assert.deepEqual(inWords(bodies), ['amd_no_speech_detected silence', 'amd_stopped']);
  assert.ok(bodies[0]!['at_ms'] >= 600 && bodies[0]!['at_ms'] < 700);
  await call.hangsUp();
  await w.next('/action');
});

story('a call placed by REST: what the hook answers at the beep is said into the mailbox', async (w) => {
  w.phone('acme').onInvite = phones.answersAfter(10, { speech: mailbox });
  w.app.on('/outbound', [{ verb: 'pause', length: 60 }]);
  w.app.on('/amd', ({ body }) =>
    body['event'] === 'beep' ? [{ verb: 'play', url: 'tone_stream://%(2000,0,800)' }] : undefined,
  );
  const created = await w.account('POST', '/Calls', {
    from: '+15551230001',
    to: { type: 'phone', number: '+15559990001' },
    call_hook: w.app.url('/outbound'),
    amd: { actionHook: w.app.url('/amd') },
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const callee = await w.phone('acme').nextCall();
  await callee.hears(800, { within });
  const bodies = await told(w, 'amd_tone_detected');
  assert.equal(bodies[0]!['call_sid'], created.body.sid);
  await callee.byed();
});

story('POST Calls with a wrong amd is 400 and names the field', async (w) => {
  const body = { from: '+15551230001', to: toPhone(), call_hook: w.app.url('/outbound') };
  const answer = await w.account('POST', '/Calls', { ...body, amd: { hook: '/amd', timers: { noSpeechTimeout: 1 } } });
  assert.equal(answer.status, 400);
  assert.match(JSON.stringify(answer.body), /amd/);
});

story('the gate connects only a person: the machine that answered first gets BYE, the others ring on', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: mailbox });
  w.phone('hall').onInvite = phones.answersAfter(3500, { speech: person });
  const amd = { hook: '/amd', gate: true };
  w.app.answers(dial([toSip(w.phone('desk')), toSip(w.phone('hall'))], { amd, answerOnBridge: true }));
  const call = w.calls();
  const machine = await w.phone('desk').nextCall();
  const human = await w.phone('hall').nextCall();
  await machine.byed({ within });
  assert.equal(call.received.entries.filter((each) => each.status === 200).length, 0);
  await call.answered({ within });
  human.media?.tone(620);
  await Promise.all([call.hears(620), human.hears(440)]);
  await call.hangsUp();
  const { body } = await w.next('/action');
  assert.equal(body['dial_call_status'], 'completed');
  assert.deepEqual(
    body['dial_results'].map((each: Record<string, unknown>) => each['confirm_result']),
    ['machine', 'accepted'],
  );
});

story('behind the gate a machine is left to what the hook answers, and then hung up', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: mailbox });
  w.app.on('/amd', ({ body }) => {
    if (body['event'] === 'amd') return [{ verb: 'pause', length: 60 }];
    return body['event'] === 'beep' ? [{ verb: 'play', url: 'tone_stream://%(1500,0,800)' }] : undefined;
  });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd', gate: true } }));
  w.calls();
  const callee = await w.phone('desk').nextCall();
  await callee.hears(800, { within });
  await callee.byed({ within });
  const { body } = await w.next('/action', within);
  assert.deepEqual([body['dial_call_status'], body['dial_confirm_result']], ['no-answer', 'machine']);
});

/** As long as a receptionist's greeting: sound alone is not sure before it ends. */
const talk = sequence([silence(300), speech(5000)]);

story(
  'words: a phrase only machines use decides while the greeting goes on, and its end is told as ever',
  async (w) => {
    vendor.reset();
    const forget = await vendor.credential(w);
    w.phone('desk').onInvite = phones.answersAfter(10, { speech: talk });
    w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd', recognizer: { vendor: vendor.vendor } } }));
    const call = w.calls();
    await vendor.starts.until(() => vendor.starts.entries.length > 0, {
      what: 'a stream',
      within,
      story: () => w.story(),
    });
    assert.equal(vendor.starts.entries[0]?.['interimResults'], true);
    vendor.hears('please leave a', { final: false });
    vendor.hears('please leave a message after', { final: false });
    const bodies = await told(w, 'amd_stopped');
    assert.deepEqual(inWords(bodies), [
      'amd_machine_detected amd machine',
      'amd_machine_stopped_speaking silence',
      'amd_stopped',
    ]);
    const [machine] = bodies;
    assert.deepEqual(
      [machine!['reason'], machine!['hint'], machine!['language']],
      ['hint', 'leave a message', 'en-GB'],
    );
    assert.ok(machine!['confidence'] > 0.9 && machine!['at_ms'] < 5000, JSON.stringify(machine));
    await call.hangsUp();
    await w.next('/action');
    await forget();
  },
);

story('words: so many digits are a machine; what was understood is told with the verdict of sound', async (w) => {
  vendor.reset();
  const forget = await vendor.credential(w);
  const recognizer = { vendor: vendor.vendor };
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: talk });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd', recognizer, digitCount: 4 } }));
  const call = w.calls();
  await vendor.starts.until(() => vendor.starts.entries.length > 0, {
    what: 'a stream',
    within,
    story: () => w.story(),
  });
  vendor.hears('five five five one');
  assert.equal((await told(w, 'amd_machine_detected'))[0]!['reason'], 'digit count');
  await call.hangsUp();
  await w.next('/action');
  vendor.reset();
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: person });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd', recognizer } }));
  const second = w.calls();
  await vendor.starts.until(() => vendor.starts.entries.length > 0, {
    what: 'a stream',
    within,
    story: () => w.story(),
  });
  vendor.hears('hello who is this');
  const [human] = await told(w, 'amd_stopped');
  assert.deepEqual(
    [human!['type'], human!['greeting'], human!['language']],
    ['amd_human_detected', 'hello who is this', 'en-GB'],
  );
  await second.hangsUp();
  await w.next('/action');
  await forget();
});

story('words: a vendor that fails, and one that says nothing, change nothing of what sound tells', async (w) => {
  vendor.reset();
  const forget = await vendor.credential(w);
  for (const fails of [true, false]) {
    vendor.reset();
    w.phone('desk').onInvite = phones.answersAfter(10, { speech: person });
    w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd', recognizer: { vendor: vendor.vendor } } }));
    const call = w.calls();
    await vendor.starts.until(() => vendor.starts.entries.length > 0, {
      what: 'a stream',
      within,
      story: () => w.story(),
    });
    if (fails) vendor.fails('out of order');
    const bodies = await told(w, 'amd_stopped');
    assert.deepEqual(inWords(bodies), ['amd_human_detected amd human', 'amd_stopped']);
    assert.equal('greeting' in bodies[0]!, false);
    await call.hangsUp();
    await w.next('/action');
  }
  await w.eventually('the alert', async () => (await w.alerts('stt-failure')).length > 0);
  await forget();
});

story('the timeline has what was heard until the verdict, on the axis of the verdict', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { speech: person });
  w.app.answers(dial([toSip(w.phone('desk'))], { amd: { hook: '/amd' } }));
  const call = w.calls();
  const [human] = await told(w, 'amd_stopped');
  await call.hangsUp();
  await w.next('/action');
  const trace = await w.account('GET', `/Calls/${human!['dial_call_sid']}/Trace`);
  const text = JSON.stringify(trace.body);
  const found = /"fromMs":0,"stepMs":40,"levels":"([^"]+)"/.exec(text);
  const levels = [...Buffer.from(found?.[1] ?? '', 'base64')];
  assert.ok(Math.abs(levels.length * 40 - human!['at_ms']) <= 40, `${levels.length} steps for ${human!['at_ms']} ms`);
  const voice = Math.min(...levels);
  const quiet = levels.slice(-20);
  assert.ok(voice > 5 && voice < 30 && quiet.every((level) => level > 45), levels.join(' '));
});
