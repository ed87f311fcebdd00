// gather with speech: a vendor of the account hears what the story says; one sentence goes to the ears of this machine.
// reference.md 5.
import assert from 'node:assert/strict';
import { beforeEach } from 'node:test';
import { after, ensureEars, type HookRequest, type Json, SttVendor, spoken, stage, type World } from '../kit/index.ts';

const vendor = await SttVendor.start();
const story = stage({});
beforeEach(() => vendor.reset());

const long = { url: 'tone_stream://%(1000,100,800)', loop: 'forever' };
type Call = ReturnType<World['calls']>;

/** Gathers while the vendor hears what `act` has it hear; what the hook was told. */
async function gathered(
  w: World,
  options: Record<string, Json>,
  act: (call: Call) => Promise<unknown>,
): Promise<HookRequest['body']> {
  const remove = await vendor.credential(w);
  const recognizer = { vendor: vendor.vendor, language: 'en-GB', ...options['recognizer'] };
  const gather = { verb: 'gather', actionHook: '/said', id: 'menu', input: ['speech'], ...options, recognizer };
  w.app.answers([{ verb: 'answer' }, gather]);
  w.app.on('/said', [{ verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  await act(call);
  const { body } = await w.next('/said');
  await call.byed();
  await remove();
  return body;
}

/** The vendor is being sent sound. */
async function listening(): Promise<void> {
  await vendor.starts.until(() => true, { what: 'a stream at the vendor', within: 20_000 });
  await vendor.sound.until(() => true, { what: 'sound at the vendor', within: 20_000 });
}

async function hears(text: string, how: { final?: boolean; confidence?: number } = {}): Promise<void> {
  await listening();
  vendor.hears(text, how);
}

story('a sentence: speechDetected, with everything the vendor said of it', async (w) => {
  const body = await gathered(w, {}, () => hears('three apple pies'));
  assert.deepEqual([body['reason'], body['digits'], body['verb_id']], ['speechDetected', undefined, 'menu']);
  assert.deepEqual(body['speech'], {
    language_code: 'en-GB',
    channel_tag: 1,
    is_final: true,
    alternatives: [{ transcript: 'three apple pies', confidence: 0.9 }],
    vendor: { name: vendor.vendor },
  });
  const [start] = vendor.starts.entries;
  assert.equal(start?.['interimResults'], false);
  await vendor.stops.until((each) => each === 'stop', { what: 'the stop of the stream' });
});

story('nobody speaks: timeout', async (w) => {
  const body = await gathered(w, { timeout: 0.5 }, listening);
  assert.deepEqual([body['reason'], body['speech']], ['timeout', undefined]);
});

story('time is up in the middle of a sentence: its last words are asked for, and are the answer', async (w) => {
  vendor.lastWords = 'half a sentence';
  const recognizer = { interim: true };
  const body = await gathered(w, { timeout: 4, recognizer }, () => hears('half a', { final: false }));
  assert.equal(body['reason'], 'speechDetected');
  assert.equal(body['speech'].alternatives[0].transcript, 'half a sentence');
});

story('speechTimeout: what follows within it belongs to the answer', async (w) => {
  const body = await gathered(w, { speechTimeout: 1.5 }, async () => {
    await hears('my number is', { confidence: 0.7 });
    vendor.hears('four two');
  });
  assert.deepEqual(body['speech'].alternatives, [{ transcript: 'my number is four two', confidence: 0.7 }]);
});

story('bargein: enough words end the prompt before the sentence is over', async (w) => {
  const options = { play: long, bargein: true, minBargeinWordCount: 2 };
  const body = await gathered(w, options, async (call) => {
    await call.hears(800);
    await hears('hm');
    vendor.hears('two pies', { final: false });
    await w.eventually('the prompt is over', () => Promise.resolve((call.media?.ears.level() ?? 0) < -60));
    vendor.hears('two pies please');
  });
  assert.equal(body['speech'].alternatives[0].transcript, 'two pies please');
  assert.equal(vendor.starts.entries[0]?.['interimResults'], true);
});

story('without bargein the prompt is heard to its end, and what was said meanwhile counts', async (w) => {
  const begun = performance.now();
  const body = await gathered(w, { play: { url: 'tone_stream://%(2500,100,800)' } }, () => hears('yes'));
  assert.equal(body['speech'].alternatives[0].transcript, 'yes');
  assert.ok(performance.now() - begun >= 2500);
});

story('listenDuringPrompt false: nobody listens before the prompt is over', async (w) => {
  const options = { play: { url: 'tone_stream://%(600,100,800)' }, listenDuringPrompt: false };
  await gathered(w, options, async (call) => {
    await call.hears(800);
    assert.equal(vendor.starts.entries.length, 0);
    await hears('now');
  });
});

story('digits and speech: whichever comes first', async (w) => {
  const both = { input: ['digits', 'speech'], numDigits: 2 };
  const typed = await gathered(w, both, async (call) => {
    await listening();
    await call.presses('4', 60);
    await vendor.stops.until((each) => each === 'stop', { what: 'who types is not listened to' });
    await call.presses('2', 60);
  });
  assert.deepEqual([typed['reason'], typed['digits'], typed['speech']], ['dtmfDetected', '42', undefined]);
  vendor.reset();
  const said = await gathered(w, both, () => hears('forty-two'));
  assert.deepEqual([said['reason'], said['digits']], ['speechDetected', undefined]);
});

story('partialResultHook is told what is not final yet', async (w) => {
  w.app.on('/partial', []);
  const body = await gathered(w, { partialResultHook: '/partial' }, async () => {
    await hears('good', { final: false });
    const { body: partial } = await w.next('/partial');
    const { is_final, alternatives } = partial['speech'];
    assert.deepEqual([is_final, alternatives[0].transcript, partial['verb_id']], [false, 'good', 'menu']);
    vendor.hears('good day');
  });
  assert.equal(body['speech'].alternatives[0].transcript, 'good day');
  assert.equal(w.app.all('/partial').length, 1);
});

story('verbs the partialResultHook answers with take over', async (w) => {
  const remove = await vendor.credential(w);
  w.app.on('/partial', [{ verb: 'hangup', headers: { 'X-Heard': 'enough' } }]);
  const recognizer = { vendor: vendor.vendor };
  w.app.answers([
    { verb: 'gather', input: ['speech'], actionHook: '/said', partialResultHook: '/partial', recognizer },
  ]);
  const call = w.calls();
  await call.answered();
  await hears('operator', { final: false });
  assert.equal((await call.byed()).get('x-heard'), 'enough');
  assert.equal(w.app.all('/said').length, 0);
  await remove();
});

story('less certain than minConfidence: stt-low-confidence, with what was heard', async (w) => {
  const body = await gathered(w, { recognizer: { minConfidence: 0.6 } }, () => hears('maybe', { confidence: 0.3 }));
  assert.deepEqual([body['reason'], body['speech'].alternatives[0].transcript], ['stt-low-confidence', 'maybe']);
});

story('a vendor that fails: error; where keys are an input they still count', async (w) => {
  const failed = async (): Promise<void> => {
    await listening();
    vendor.fails('out of credit');
  };
  const body = await gathered(w, {}, failed);
  assert.deepEqual([body['reason'], body['speech']], ['error', undefined]);
  assert.match(body['details'].error, /out of credit/);
  vendor.reset();
  const typed = await gathered(w, { input: ['digits', 'speech'], numDigits: 1 }, async (call) => {
    await failed();
    await vendor.stops.until(() => true, { what: 'the end of the stream' });
    await call.presses('7', 60);
  });
  assert.deepEqual([typed['reason'], typed['digits']], ['dtmfDetected', '7']);
});

story('who hangs up while speaking leaves no stream and no hook behind', async (w) => {
  const remove = await vendor.credential(w);
  w.app.answers([{ verb: 'gather', input: ['speech'], actionHook: '/said', recognizer: { vendor: vendor.vendor } }]);
  const call = w.calls();
  await call.answered();
  await hears('hello', { final: false });
  await call.hangsUp();
  await vendor.stops.until(() => true, { what: 'the end of the stream' });
  await w.status((body) => body['call_status'] === 'completed');
  assert.equal(w.app.all('/said').length, 0);
  await remove();
});

story('vad: the vendor gets what is said and no silence; config.vad holds for every recognizer', async (w) => {
  const sentence = await spoken('Three apple pies.');
  const listen = { verb: 'config', vad: { enable: true, silenceMs: 400 } };
  const remove = await vendor.credential(w);
  const recognizer = { vendor: vendor.vendor };
  const gather = { verb: 'gather', input: ['speech'], actionHook: '/said', timeout: 20, recognizer };
  w.app.answers([{ verb: 'answer' }, listen, gather]);
  w.app.on('/said', [
    { ...gather, actionHook: '/again', timeout: 1, recognizer: { ...recognizer, vad: { enable: false } } },
  ]);
  w.app.on('/again', [{ verb: 'hangup' }]);
  vendor.lastWords = 'three apple pies';
  const call = w.calls({ tone: 0 });
  await call.answered();
  await after(1500);
  assert.equal(vendor.starts.entries.length, 0);
  call.media?.speaks(sentence);
  const { body } = await w.next('/said', 20_000);
  assert.equal(body['speech'].alternatives[0].transcript, 'three apple pies');
  const seconds = vendor.sound.entries.reduce((sum, bytes) => sum + bytes, 0) / 32_000;
  assert.ok(seconds > 0.8 && seconds < sentence.length / 8000, `${seconds} s of ${sentence.length / 8000}`);
  // Without it the silence is sent too.
  await vendor.starts.until((start) => start !== vendor.starts.entries[0], { what: 'the stream of the second gather' });
  await w.next('/again');
  await call.byed();
  await remove();
});

story('a real sentence, heard by this machine', async (w) => {
  ensureEars();
  const sentence = await spoken('I would like to order three apple pies for tomorrow morning.');
  w.app.answers([{ verb: 'answer' }, { verb: 'gather', input: ['speech'], actionHook: '/said', timeout: 60 }]);
  w.app.on('/said', [{ verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  call.media?.speaks(sentence);
  const { body } = await w.next('/said', 60_000);
  assert.equal(body['reason'], 'speechDetected');
  assert.match(String(body['speech'].alternatives[0].transcript).toLowerCase(), /order|apple|morning/);
  await call.byed();
});
