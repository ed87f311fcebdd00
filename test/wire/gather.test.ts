// gather: keys during and after a prompt. reference.md 5; the screening example of dial.md.
import assert from 'node:assert/strict';
import { dial, type HookRequest, loudness, phones, stage, toSip, type World } from '../kit/index.ts';

const story = stage({ phones: ['desk'] });
const long = { url: 'tone_stream://%(20000,0,800)' };
const short = { url: 'tone_stream://%(400,0,800)' };

/** Gathers from alice, who presses keys once `when` came true; what the hook was told. */
async function gathered(
  w: World,
  options: Record<string, unknown>,
  act: (call: ReturnType<World['calls']>) => Promise<unknown>,
): Promise<HookRequest['body']> {
  w.app.answers([{ verb: 'answer' }, { verb: 'gather', actionHook: '/keys', id: 'menu', ...options }]);
  w.app.on('/keys', [{ verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  await act(call);
  const { body } = await w.next('/keys');
  await call.byed();
  return body;
}

story('numDigits end the input; the hook gets digits, reason, verb_id and the call’s fields', async (w) => {
  const body = await gathered(w, { numDigits: 4, input: ['digits'] }, (call) => call.presses('12#A', 60));
  assert.deepEqual([body['reason'], body['digits'], body['verb_id']], ['dtmfDetected', '12#A', 'menu']);
  assert.equal(body['call_status'], 'in-progress');
});

story('finishOnKey ends the input and is not part of it', async (w) => {
  const body = await gathered(w, { finishOnKey: '#' }, (call) => call.presses('734#', 60));
  assert.deepEqual([body['reason'], body['digits']], ['dtmfDetected', '734']);
});

story('keys by INFO count', async (w) => {
  const body = await gathered(w, { maxDigits: 2 }, async (call) => {
    await call.pressesByInfo('4');
    await call.pressesByInfo('2', { type: 'dtmf' });
  });
  assert.equal(body['digits'], '42');
});

story('nothing pressed: timeout, counted from the end of the prompt', async (w) => {
  const begun = performance.now();
  const body = await gathered(w, { timeout: 0.3, play: short }, (call) => call.hears(800));
  assert.deepEqual([body['reason'], body['digits']], ['timeout', undefined]);
  assert.ok(performance.now() - begun >= 700);
});

story('fewer than minDigits: timeout, with what was pressed', async (w) => {
  const options = { minDigits: 3, interDigitTimeout: 1.5 };
  const body = await gathered(w, options, (call) => call.presses('12', 60));
  assert.deepEqual([body['reason'], body['digits']], ['timeout', '12']);
});

story('minDigits or more and then silence between digits: dtmfDetected', async (w) => {
  const options = { minDigits: 2, maxDigits: 9, interDigitTimeout: 1.5, timeout: 60 };
  const body = await gathered(w, options, (call) => call.presses('12', 60));
  assert.deepEqual([body['reason'], body['digits']], ['dtmfDetected', '12']);
});

story('the first key ends the prompt', async (w) => {
  const body = await gathered(w, { numDigits: 2, play: long }, async (call) => {
    await call.hears(800);
    await call.presses('1');
    await call.presses('2');
  });
  assert.equal(body['digits'], '12');
});

story('a spoken prompt is heard, and the first key ends it', async (w) => {
  const text = Array(4).fill('Please enter your number now, and take all the time you need.').join(' ');
  const body = await gathered(w, { numDigits: 1, say: { text } }, async (call) => {
    await call.media?.ears.packets.until((each) => loudness(each.samples) > -40, { what: 'speech', within: 60_000 });
    await call.presses('5');
  });
  assert.deepEqual([body['reason'], body['digits']], ['dtmfDetected', '5']);
});

story('dtmfBargein false: the prompt is heard to its end, and the keys count', async (w) => {
  const begun = performance.now();
  const options = { numDigits: 1, dtmfBargein: false, play: { url: 'tone_stream://%(1500,100,800)' } };
  const body = await gathered(w, options, async (call) => {
    await call.hears(800);
    await call.presses('7', 60);
  });
  assert.equal(body['digits'], '7');
  assert.ok(performance.now() - begun >= 1500);
});

story('a caller who hangs up ends the gather, and its hook is not asked', async (w) => {
  w.app.answers([{ verb: 'gather', actionHook: '/keys', play: long }]);
  const call = w.calls();
  await call.hears(800);
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
  assert.equal(w.app.all('/keys').length, 0);
});

story('without an actionHook the next verb runs', async (w) => {
  w.app.answers([
    { verb: 'gather', numDigits: 1 },
    { verb: 'hangup', headers: { 'X-End': 'yes' } },
  ]);
  const call = w.calls();
  await call.answered();
  await call.presses('1');
  assert.equal((await call.byed()).get('x-end'), 'yes');
});

const say = { text: 'You have a call from Alice. Press 1 to accept, 2 to decline.' };

/** The screening application of dial.md: press 1 to accept, 2 to decline. */
function screening(w: World): void {
  w.phone('desk').onInvite = phones.answersAfter(20, { tone: 620 });
  w.app.on('/screen', [
    { verb: 'gather', actionHook: '/choice', input: ['digits'], numDigits: 1, timeout: 10, say, play: long },
    { verb: 'hangup' },
  ]);
  w.app.on('/choice', ({ body }) =>
    body['digits'] === '1' ? [{ verb: 'play', url: 'tone_stream://%(200,0,1000)' }] : [{ verb: 'hangup' }],
  );
  w.app.answers(dial([toSip(w.phone('desk'))], { confirmHook: '/screen', answerOnBridge: true }));
}

story('press 1 to accept: connected', async (w) => {
  screening(w);
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  await callee.hears(800);
  await callee.presses('1');
  assert.equal((await w.next('/choice')).body['parent_call_sid'], (await w.next('/call')).body['call_sid']);
  await Promise.all([call.hears(620), callee.hears(440)]);
  await call.hangsUp();
  assert.equal((await w.next('/action')).body['dial_call_status'], 'completed');
});

story('press 2 to decline: BYE, no-answer, declined', async (w) => {
  screening(w);
  const call = w.calls();
  const callee = await w.phone('desk').nextCall();
  await callee.hears(800);
  await callee.presses('2');
  await callee.byed();
  const { body } = await w.next('/action');
  assert.deepEqual([body['dial_call_status'], body['dial_confirm_result']], ['no-answer', 'declined']);
  assert.equal((await call.refused()).status, 480);
});
