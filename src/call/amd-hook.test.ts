import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detection } from '../ports/index.ts';
import { amdBody, isVerdict } from './amd-hook.ts';

// prettier-ignore
const rows: [event: Detection['event'], type: string, seed: string | undefined, amdType: string | undefined, verdict: boolean][] = [
  ['human',        'amd_human_detected',           'amd',     'human',   true],
  ['machine',      'amd_machine_detected',         'amd',     'machine', true],
  ['fax',          'amd_machine_detected',         'amd',     'machine', true],
  ['sit',          'amd_machine_detected',         'amd',     'machine', true],
  ['unknown',      'amd_decision_timeout',         undefined, undefined, true],
  ['no-speech',    'amd_no_speech_detected',       'silence', undefined, true],
  ['tone',         'amd_tone_detected',            'beep',    undefined, false],
  ['greeting-end', 'amd_machine_stopped_speaking', 'silence', undefined, false],
  ['stopped',      'amd_stopped',                  undefined, undefined, false],
];

for (const [event, type, seed, amdType, verdict] of rows)
  test(`${event} is ${type}${seed === undefined ? '' : `, event ${seed}`}`, () => {
    const found: Detection = { event, confidence: 0.9, reason: 'r', atMs: 1200 };
    const body = amdBody(found);
    assert.deepEqual([body['type'], body['event'], body['amd_type']], [type, seed, amdType]);
    assert.deepEqual([body['reason'], body['confidence'], body['at_ms']], ['r', 0.9, 1200]);
    assert.equal(isVerdict(found), verdict);
  });

test('a tone has its frequency and variance as integers', () => {
  const found: Detection = {
    event: 'tone',
    confidence: 0.98,
    reason: 'beep',
    atMs: 9000,
    durationMs: 500,
    frequencies: [853, 960],
    variance: 3,
  };
  const { frequency, frequencies, variance, duration_ms: length } = amdBody(found);
  assert.deepEqual([frequency, frequencies, variance, length], [853, [853, 960], 3, 500]);
});
