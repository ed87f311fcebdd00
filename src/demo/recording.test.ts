import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeardPacket, readWav } from '../testing/index.ts';
import { layOut, stereo } from './recording.ts';

const packet = (at: number, value: number): HeardPacket => ({
  at,
  source: '127.0.0.1:1',
  payload: 0,
  sequence: 0,
  ssrc: 1,
  marker: false,
  samples: new Int16Array(160).fill(value),
});

test('packets whose arrival jitters follow each other without gaps', () => {
  const track = layOut([packet(100, 1), packet(127, 2), packet(138, 3)], 100);
  assert.equal(track.length, 480);
  assert.deepEqual([track[0], track[160], track[320]], [1, 2, 3]);
});

test('a pause stays a pause', () => {
  const track = layOut([packet(0, 1), packet(1000, 2)], 0);
  assert.equal(track[160], 0);
  assert.equal(track[8000], 2);
});

test('who is heard later starts later, on a channel of his own', () => {
  const { channels } = readWav(stereo([packet(0, 5)], [packet(500, 7)]));
  assert.equal(channels[0]?.[0], 5);
  assert.equal(channels[1]?.[0], 0);
  assert.equal(channels[1]?.[4000], 7);
});
