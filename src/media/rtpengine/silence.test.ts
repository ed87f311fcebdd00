import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../base/index.ts';
import type { StreamSettings } from '../../ports/index.ts';
import type { Anchored } from './anchors.ts';
import { SilenceWatch } from './silence.ts';
import type { Switchboard } from './switchboard.ts';

/** A page that a worker hears, and how many packets rtpengine has had of it. */
function watching(direction: StreamSettings['direction']) {
  const clock = new FakeClock();
  const heard = { packets: 5 };
  const answer = () => ({
    tags: { 'far-a': { medias: [{ streams: [{ stats: { packets: heard.packets, bytes: 1 } }] }] } },
  });
  const session = { id: 's', member: { query: () => Promise.resolve(answer()) }, endpoints: new Set<unknown>() };
  const settings = { direction, web: {} };
  const endpoint = { name: 'a', session, settings, sealing: 'rtpengine', pair: undefined };
  session.endpoints.add(endpoint as unknown as Anchored);
  const told: string[] = [];
  const watch = new SilenceWatch({
    board: { sessions: new Map([['s', session]]) } as unknown as Switchboard,
    clock,
    silentMs: 10_000,
    silent: () => told.push('silent'),
    gone: () => told.push('gone'),
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }
  };
  return { heard, settings, told, watch, pass };
}

test('a page of which nothing was heard for 30 s is gone, whoever carries it', async () => {
  const { heard, told, watch, pass } = watching('sendrecv');
  await pass(29);
  heard.packets++;
  await pass(29);
  assert.deepEqual(told, []);
  await pass(10);
  assert.deepEqual(told, ['gone']);
  watch.close();
});

test('one on hold is not, and has its time anew when it is taken back', async () => {
  const { settings, told, watch, pass } = watching('sendonly');
  await pass(100);
  settings.direction = 'sendrecv';
  await pass(29);
  assert.deepEqual(told, []);
  settings.direction = 'inactive';
  await pass(10);
  settings.direction = 'sendrecv';
  await pass(29);
  assert.deepEqual(told, []);
  watch.close();
});
