import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opusParameters } from './opus-parameters.ts';

const defaults = { inbandFec: false, dtx: false, stereo: false, maxAverageBitrate: 510_000, maxPlaybackRate: 48_000 };

test('RFC 7587 §6.1: without fmtp nothing is asked for and nothing limited', () => {
  assert.deepEqual(opusParameters(), defaults);
});

test('every parameter is read, whatever its case and spaces', () => {
  assert.deepEqual(
    opusParameters('minptime=10; useinbandfec=1;USEDTX=1 ;stereo=1;maxaveragebitrate=20000; maxplaybackrate=16000'),
    { inbandFec: true, dtx: true, stereo: true, maxAverageBitrate: 20_000, maxPlaybackRate: 16_000 },
  );
});

test('values out of range are brought into it, and what is no number is not a limit', () => {
  assert.equal(opusParameters('maxaveragebitrate=1').maxAverageBitrate, 6000);
  assert.equal(opusParameters('maxaveragebitrate=999999999').maxAverageBitrate, 510_000);
  assert.equal(opusParameters('maxplaybackrate=0').maxPlaybackRate, 8000);
  assert.deepEqual(opusParameters('maxplaybackrate=-1;maxaveragebitrate=1e9;=;;useinbandfec=yes'), defaults);
});
