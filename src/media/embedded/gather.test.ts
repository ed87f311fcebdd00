import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gather, GATHER_MS } from './gather.ts';

/** So many packets a millisecond from one moment to another, one turn each millisecond. */
function flow(gather: Gather, packets: number, from: number, to: number): void {
  for (let at = from; at < to; at++) gather.came(packets, at);
}

test('few packets wait for nobody, many wait for company', () => {
  const gather = new Gather(0);
  assert.equal(gather.ms, 0);
  flow(gather, 1, 1, 100);
  assert.equal(gather.ms, 0);
  flow(gather, 10, 100, 141);
  assert.equal(gather.ms, GATHER_MS);
});

test('when the calls are over nothing is waited for any more', () => {
  const gather = new Gather(0);
  flow(gather, 10, 1, 100);
  gather.came(0, 120);
  gather.came(0, 150);
  assert.equal(gather.ms, 0);
});

test('one burst after a long silence is not many packets', () => {
  const gather = new Gather(0);
  gather.came(64, 1000);
  assert.equal(gather.ms, 0);
});
