import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFaults, parseApplication } from './schema.ts';

test('a hook that is waited for: off is not silence, patience has an end, actions ask no hook', () => {
  const waiting = (more: object) => {
    const parsed = parseApplication([{ verb: 'gather', ...more }]);
    const [verb] = parsed.ok ? parsed.verbs : [];
    assert.ok(verb?.verb === 'gather');
    return [verb.fillerNoise, verb.actionHookDelayAction];
  };
  assert.deepEqual(waiting({ fillerNoise: { enable: false }, actionHookDelayAction: { enabled: false } }), [
    'off',
    'off',
  ]);
  const actions = [
    { verb: 'play', url: 'x', actionHook: '/x' },
    { verb: 'say', text: 'wait' },
  ];
  const [noise, delay] = waiting({
    fillerNoise: { enable: true },
    actionHookDelayAction: { actions, retries: 2.7, noResponseGiveUpTimeout: 900 },
  });
  assert.deepEqual(noise, { url: undefined, startDelaySecs: 0 });
  assert.ok(typeof delay === 'object' && 'actions' in delay);
  const { noResponseTimeout, noResponseGiveUpTimeout, retries } = delay;
  assert.deepEqual([noResponseTimeout, noResponseGiveUpTimeout, retries], [0, 120, 2]);
  assert.deepEqual(
    delay.actions.map((each) => [each.verb, 'actionHook' in each ? each.actionHook : undefined]),
    [
      ['play', undefined],
      ['say', undefined],
    ],
  );
  const refused = parseApplication([{ verb: 'gather', actionHookDelayAction: { actions: [{ verb: 'hangup' }] } }]);
  assert.match(refused.ok ? '' : describeFaults(refused.faults), /actions\[0\]/);
});
