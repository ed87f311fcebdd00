// What a caller hears while the application thinks: fillerNoise and actionHookDelayAction. reference.md 5.
import assert from 'node:assert/strict';
import { after, type Json, stage, type World } from '../kit/index.ts';

const story = stage({ config: { hooks: { timeout_seconds: 3 } } });
const tone = (hz: number, ms = 20_000): Json => ({ verb: 'play', url: `tone_stream://%(${ms},0,${hz})` });
const filler = (hz: number, more: Record<string, Json> = {}): Json => ({
  enable: true,
  url: `tone_stream://%(20000,0,${hz})`,
  ...more,
});

/** A hook that answers only when the story says so. */
function slow(w: World, path: string, verbs: Json): () => void {
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  w.app.on(path, async () => {
    await gate;
    return verbs;
  });
  return open;
}

const gather = (more: Record<string, Json>): Json => ({ verb: 'gather', numDigits: 1, actionHook: '/slow', ...more });

story('actions are heard in turn, each after so much quiet, until the answer comes', async (w) => {
  const actionHookDelayAction = { noResponseTimeout: 0.4, retries: 3, actions: [tone(500, 300), tone(700)] };
  w.app.answers([{ verb: 'answer' }, gather({ actionHookDelayAction })]);
  const answer = slow(w, '/slow', [tone(900), { verb: 'hangup' }]);
  const call = w.calls();
  await call.answered();
  await call.presses('1', 60);
  await w.next('/slow');
  await call.hears(500);
  await call.hears(700);
  answer();
  // The second action is twenty seconds long: it is cut.
  await call.hears(900);
  await call.hangsUp();
});

story('config: fillerNoise under the actions, for the hook of any verb; both end with the answer', async (w) => {
  const actionHookDelayAction = { enabled: true, noResponseTimeout: 0.6, actions: [tone(700)] };
  const config = { verb: 'config', fillerNoise: filler(500, { startDelaySecs: 0.2 }), actionHookDelayAction };
  w.app.answers([{ verb: 'answer' }, config, { ...tone(1100, 200), actionHook: '/slow' }]);
  const answer = slow(w, '/slow', [
    { verb: 'gather', numDigits: 1, actionHook: '/quiet', fillerNoise: { enable: false } },
  ]);
  const call = w.calls();
  await w.next('/slow');
  await call.hears(500);
  await call.hears(700);
  const { ears } = call.media!;
  // Both at once.
  await w.eventually('noise and action', () =>
    Promise.resolve([500, 700].every((hz) => ears.heard(hz, { lastMs: 200 }) > -40)),
  );
  answer();
  await w.eventually('quiet', () => Promise.resolve(ears.level() < -60));
  // A gather that wants no noise has none, though its hook is slow too.
  const more = slow(w, '/quiet', [{ verb: 'hangup' }]);
  await call.presses('1', 60);
  await w.next('/quiet');
  await after(400);
  assert.ok(ears.level() < -60);
  more();
  await call.byed();
});

story('patience: an answer later than any hook may take still counts; then giveUpActions take over', async (w) => {
  const giveUpActions = [{ verb: 'gather', numDigits: 1, timeout: 0.2, actionHook: '/gave-up' }];
  const wait = { noResponseTimeout: 9, noResponseGiveUpTimeout: 4.5, actions: [tone(700)], giveUpActions };
  w.app.answers([{ verb: 'answer' }, gather({ timeout: 0.1, actionHookDelayAction: wait })]);
  const late = slow(w, '/slow', [
    gather({ timeout: 0.1, actionHook: '/never', actionHookDelayAction: { ...wait, noResponseGiveUpTimeout: 0.5 } }),
  ]);
  const never = slow(w, '/never', [tone(1300)]);
  w.app.on('/gave-up', [{ verb: 'hangup', headers: { 'X-End': 'gave up' } }]);
  const call = w.calls();
  await w.next('/slow');
  await after(3300);
  late();
  await w.next('/never');
  assert.equal((await w.next('/gave-up')).body['reason'], 'timeout');
  assert.equal((await call.byed()).get('x-end'), 'gave up');
  never();
});

story('without giveUpActions the call is hung up; a replaced application is waited for no longer', async (w) => {
  const wait = { noResponseTimeout: 9, noResponseGiveUpTimeout: 0.4, actions: [] };
  w.app.answers([{ verb: 'answer' }, gather({ timeout: 0.1, actionHookDelayAction: wait })]);
  const never = slow(w, '/slow', []);
  const call = w.calls();
  await call.byed();
  w.app.answers([{ verb: 'answer' }, gather({ timeout: 0.1, fillerNoise: filler(600) })]);
  const other = w.calls();
  await w.next('/slow');
  const { body } = await w.next('/slow');
  await other.hears(600);
  w.app.on('/other', [{ verb: 'hangup' }]);
  const replaced = await w.account('PUT', `/Calls/${String(body['call_sid'])}`, { call_hook: '/other' });
  assert.equal(replaced.status, 202, JSON.stringify(replaced.body));
  await other.byed();
  never();
});
