// Examples that @jambonz/sdk ships, unchanged, each in a process of its own: a webhook and a WebSocket application.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { phones, stage } from '../kit/index.ts';
import { example } from '../kit/jambonz.ts';

process.env['OUTDIAL_NUMBER'] = '15559990001';
const [webhook, websocket, dialer] = await Promise.all(
  ['hello-world/app.ts', 'hello-world/ws-app.ts', 'dial/app.ts'].map(example),
);
after(() => [webhook, websocket, dialer].forEach((each) => each?.stop()));

const story = stage({
  phones: ['desk'],
  // @jambonz/sdk compiles its schemas for each call: half a second of a processor, which a busy machine may not have to give.
  config: { hooks: { timeout_seconds: 30 } },
  account: (w) => ({
    applications: [
      { name: 'main', call_hook: `http://127.0.0.1:${webhook?.port}/incoming` },
      { name: 'websocket', call_hook: `ws://127.0.0.1:${websocket?.port}/` },
      { name: 'dialer', call_hook: `http://127.0.0.1:${dialer?.port}/dial` },
    ],
    carriers: [w.origin(), { name: 'desk', gateways: [w.gateway('desk')] }],
    phone_numbers: [
      { number: '+15551230002', carrier: 'origin', application: 'websocket' },
      { number: '+15551230003', carrier: 'origin', application: 'dialer' },
    ],
  }),
});

for (const [title, to] of [
  ['hello-world, over HTTP', '+15551230001'],
  ['hello-world, over a WebSocket', '+15551230002'],
] as const)
  story(`${title}: says its sentence and hangs up`, async (w) => {
    const call = w.calls({ to });
    await call.byed({ within: 30_000 });
    const level = call.media?.ears.level({ since: 1 }) ?? -Infinity;
    assert.ok(level > -50, `${level} dB of speech`);
  });

story('dial: rings the number of its environment', async (w) => {
  w.phone('desk').onInvite = phones.answersAfter(10, { tone: 620 });
  const call = w.calls({ to: '+15551230003' });
  await call.hears(620);
  assert.match((await w.phone('desk').nextCall()).invite.uri, /15559990001/);
  await call.hangsUp();
});
