// config.bargeIn with speech: words end what is played, and go to its hook. reference.md 5.
import assert from 'node:assert/strict';
import { beforeEach } from 'node:test';
import { type Json, SttVendor, stage, type World } from '../kit/index.ts';

const vendor = await SttVendor.start();
const story = stage({});
beforeEach(() => vendor.reset());

const long = { verb: 'play', url: 'tone_stream://%(20000,0,800)' };
const hold = { verb: 'pause', length: 600 };

function listens(bargeIn: Record<string, Json>, ...verbs: Json[]): Json[] {
  const recognizer = { vendor: vendor.vendor, language: 'en-GB' };
  const config = { verb: 'config', recognizer, bargeIn: { input: ['speech'], actionHook: '/barged', ...bargeIn } };
  return [{ verb: 'answer' }, config, ...verbs];
}

/** The vendor hears so many streams. */
async function streams(w: World, count: number): Promise<void> {
  await w.eventually(`stream ${count} at the vendor`, () => Promise.resolve(vendor.starts.entries.length >= count));
}

async function quiet(w: World, call: ReturnType<World['calls']>): Promise<void> {
  await w.eventually('the prompt is over', () => Promise.resolve((call.media?.ears.level() ?? 0) < -60));
}

story('enough words end the prompt; the sentence goes to the hook, whose verbs take over', async (w) => {
  const remove = await vendor.credential(w);
  w.app.answers(listens({ minBargeinWordCount: 2 }, long, hold));
  w.app.on('/barged', [{ verb: 'hangup', headers: { 'X-End': 'yes' } }]);
  const call = w.calls();
  await call.hears(800);
  await streams(w, 1);
  vendor.hears('hm');
  vendor.hears('stop', { final: false });
  await call.hears(800);
  vendor.hears('stop please', { final: false });
  await quiet(w, call);
  assert.equal(w.app.all('/barged').length, 0);
  vendor.hears('stop please now');
  const { body } = await w.next('/barged');
  assert.deepEqual([body['reason'], body['digits']], ['speechDetected', undefined]);
  assert.equal(body['speech'].alternatives[0].transcript, 'stop please now');
  assert.equal((await call.byed()).get('x-end'), 'yes');
  assert.equal(w.app.all('/barged').length, 1);
  assert.equal(vendor.starts.entries[0]?.['interimResults'], true);
  await remove();
});

story('once without sticky; sticky hears every sentence, beside keys, and steps aside for a gather', async (w) => {
  const remove = await vendor.credential(w);
  const input = ['speech', 'digits'];
  w.app.answers(listens({ input, numDigits: 1 }, { verb: 'redirect', actionHook: '/sticky' }));
  const gates: (() => void)[] = [];
  w.app.on('/sticky', async () => {
    await new Promise<void>((resolve) => gates.push(resolve));
    return listens({ input, numDigits: 1, sticky: true }, { verb: 'redirect', actionHook: '/ask' });
  });
  w.app.on('/ask', async () => {
    await new Promise<void>((resolve) => gates.push(resolve));
    return [{ verb: 'gather', input: ['speech'], actionHook: '/said' }, hold];
  });
  w.app.on('/said', [hold]);
  const call = w.calls();
  await call.answered();
  await w.next('/sticky');
  await streams(w, 1);
  vendor.hears('one');
  assert.equal((await w.next('/barged')).body['speech'].alternatives[0].transcript, 'one');
  await vendor.stops.until(() => true, { what: 'the end of the stream' });
  gates.shift()?.();
  await w.next('/ask');
  await streams(w, 2);
  vendor.hears('two');
  assert.equal((await w.next('/barged')).body['speech'].alternatives[0].transcript, 'two');
  await call.presses('3', 60);
  assert.equal((await w.next('/barged')).body['digits'], '3');
  vendor.hears('four', { confidence: 0.5 });
  assert.equal((await w.next('/barged')).body['speech'].alternatives[0].confidence, 0.5);
  gates.shift()?.();
  await streams(w, 3);
  vendor.hears('for the gather');
  assert.equal((await w.next('/said')).body['speech'].alternatives[0].transcript, 'for the gather');
  await streams(w, 4);
  vendor.hears('and on');
  assert.equal((await w.next('/barged')).body['speech'].alternatives[0].transcript, 'and on');
  await call.hangsUp();
  assert.equal(w.app.all('/barged').length, 5);
  await remove();
});

story('nobody can hear: the hook is told, and the call goes on', async (w) => {
  w.app.answers([
    { verb: 'answer' },
    { verb: 'config', recognizer: { vendor: 'custom:nobody' }, bargeIn: { input: ['speech'], actionHook: '/barged' } },
    long,
  ]);
  w.app.on('/barged', [{ verb: 'hangup' }]);
  const call = w.calls();
  const { body } = await w.next('/barged');
  assert.equal(body['reason'], 'error');
  assert.match(body['details'].error, /nobody/);
  await call.byed();
});
