// The dtmf verb: keys on the wire. reference.md 5.
import assert from 'node:assert/strict';
import { stage } from '../kit/index.ts';

const story = stage();

story('dtmf presses each key for its duration, in order, and only then goes on', async (w) => {
  w.app.answers([
    { verb: 'dtmf', dtmf: '19*#aD', duration: 80 },
    { verb: 'hangup', headers: { 'X-End': 'yes' } },
  ]);
  const call = w.calls();
  const bye = await call.byed();
  assert.equal(bye.get('x-end'), 'yes');
  const { entries } = call.media?.ears.digits ?? { entries: [] };
  assert.equal(entries.map((each) => each.digit).join(''), '19*#AD');
  for (const each of entries) assert.equal(each.duration, 80);
});

story('w and W wait', async (w) => {
  w.app.answers([{ verb: 'dtmf', dtmf: '1wW2', duration: 60 }]);
  const call = w.calls();
  await call.byed();
  const [first, second] = call.media?.ears.digits.entries ?? [];
  assert.ok(
    (second?.at ?? 0) - (first?.at ?? 0) >= 1000,
    `${(second?.at ?? 0) - (first?.at ?? 0)} ms between the keys`,
  );
});

story('a caller who hangs up ends the pressing', async (w) => {
  w.app.answers([{ verb: 'dtmf', dtmf: '1WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW2' }]);
  const call = w.calls();
  await call.answered();
  await call.media?.ears.digits.until(() => true, { what: 'the first key' });
  await call.hangsUp();
  await w.status((body) => body['call_status'] === 'completed');
});
