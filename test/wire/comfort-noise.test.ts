// A caller that knows comfort noise hears a line that lives while an application lets it wait. RFC 3389.
import assert from 'node:assert/strict';
import { stage } from '../kit/index.ts';

const story = stage({});
const waits = [{ verb: 'answer' }, { verb: 'pause', length: 3 }, { verb: 'hangup' }];

story('a caller that offers comfort noise gets some while it waits, a packet now and then', async (w) => {
  w.app.answers(waits);
  const call = w.calls({ payloads: [0, 13] });
  await call.byed();
  const { noise, packets } = call.media!.ears;
  const levels = noise.entries.map(({ level }) => level);
  assert.ok(levels.length >= 2 && levels.length <= 4, `${levels.length} packets of noise in three seconds`);
  assert.ok(levels.every((level) => level === 65));
  assert.equal(packets.entries.length, 0);
});

story('one that does not is sent nothing, as before', async (w) => {
  w.app.answers(waits);
  const call = w.calls();
  await call.byed();
  const { noise, packets } = call.media!.ears;
  assert.deepEqual([noise.entries.length, packets.entries.length], [0, 0]);
});
