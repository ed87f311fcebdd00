// say on real calls, with the voice that is always here. reference.md 5.
import assert from 'node:assert/strict';
import { type Json, stage } from '../kit/index.ts';

const story = stage();
const answered = { verb: 'answer' };
const gone = { verb: 'hangup', headers: { 'X-End': 'yes' } };

/** Seconds of loud bursts, split where 300 ms or more are quiet. 8 kHz. */
function bursts(samples: Int16Array): { at: number; seconds: number }[] {
  const found: { at: number; end: number }[] = [];
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    const peak = samples.subarray(at, at + 160).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    if (peak < 400) continue;
    const last = found.at(-1);
    if (last !== undefined && at - last.end < 2400) last.end = at + 160;
    else found.push({ at, end: at + 160 });
  }
  return found.map(({ at, end }) => ({ at: at / 8000, seconds: (end - at) / 8000 }));
}

async function heard(w: Parameters<Parameters<typeof story>[1]>[0], verbs: Json[]): Promise<Int16Array> {
  w.app.answers(verbs);
  const call = w.calls();
  // The first voice of a process is loaded first, which takes a busy machine its time.
  await call.byed({ within: 60_000 });
  return call.media?.ears.samples() ?? new Int16Array(0);
}

story('a text is heard, then the next verb runs', async (w) => {
  const sound = await heard(w, [{ verb: 'say', text: 'Good morning. You have reached the workshop.' }, gone]);
  const spoken = bursts(sound).reduce((sum, burst) => sum + burst.seconds, 0);
  assert.ok(spoken > 1.5 && spoken < 5, `${spoken} s of speech`);
});

story('texts are said in order, with the silence asked for between them', async (w) => {
  const sound = await heard(w, [answered, { verb: 'say', text: ['One.', 'silence_stream://1500', 'Two.'] }, gone]);
  const found = bursts(sound);
  assert.equal(found.length, 2, JSON.stringify(found));
  const gap = (found[1]?.at ?? 0) - ((found[0]?.at ?? 0) + (found[0]?.seconds ?? 0));
  assert.ok(gap >= 1.4 && gap < 3, `${gap} s between`);
});

story('an SSML break is a pause; its tags are not spoken', async (w) => {
  const ssml = '<speak>One <break time="1s"/> <emphasis level="strong">two</emphasis></speak>';
  const found = bursts(await heard(w, [{ verb: 'say', text: ssml }, gone]));
  assert.equal(found.length, 2, JSON.stringify(found));
});

story('loop says it again; empty texts are left out', async (w) => {
  const text = ['', 'Yes.', 'silence_stream://600'];
  assert.equal(bursts(await heard(w, [{ verb: 'say', text, loop: 3 }, gone])).length, 3);
});

story('loop forever ends with the call', async (w) => {
  w.app.answers([{ verb: 'say', text: 'Again.', loop: 'forever' }]);
  const call = w.calls();
  await call.answered();
  await call.media?.ears.packets.until(() => bursts(call.media?.ears.samples() ?? new Int16Array(0)).length >= 1, {
    what: 'speech',
  });
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});

story('nothing to say is nothing said, however often', async (w) => {
  await heard(w, [answered, { verb: 'say', text: [' ', ''], loop: 'forever' }, gone]);
});

story('earlyMedia is heard before the answer', async (w) => {
  w.app.answers([
    { verb: 'say', text: 'The office is closed.', earlyMedia: true },
    { verb: 'sip:decline', status: 480 },
  ]);
  const call = w.calls();
  assert.equal((await call.refused()).status, 480);
  assert.ok(bursts(call.media?.ears.samples() ?? new Int16Array(0)).length >= 1);
});

story('a vendor nobody knows: alert no-tts that names it and what there is; the call goes on', async (w) => {
  await heard(w, [answered, { verb: 'say', text: 'Hello.', synthesizer: { vendor: 'acme' } }, gone]);
  const alert = await w.eventually('the alert', async () => (await w.alerts('no-tts'))[0]);
  assert.match(String(alert['message']), /'acme' is not known; known are flite/);
});

story('the fallback vendor speaks where the first cannot', async (w) => {
  const synthesizer = { vendor: 'flite', language: 'de-DE', fallbackVendor: 'flite', fallbackLanguage: 'en-GB' };
  const sound = await heard(w, [{ verb: 'say', text: 'Good evening.', synthesizer }, gone]);
  assert.ok(bursts(sound).length >= 1);
});

story('redirecting the call by REST stops the voice', async (w) => {
  w.app.answers([{ verb: 'say', text: 'Please hold the line.', loop: 'forever' }]);
  const call = w.calls();
  await call.answered();
  w.app.on('/other', [gone]);
  const sid = (await w.next('/call')).body['call_sid'] as string;
  await w.update(sid, { call_hook: w.app.url('/other') });
  assert.equal((await call.byed()).get('x-end'), 'yes');
});
