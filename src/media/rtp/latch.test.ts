/* oxlint-disable max-params -- rows of numbers read best as rows */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrivateAddress } from '../../base/index.ts';
import { Latch, LEARNING_MS, PROBATION } from './latch.ts';

const phone = { host: '192.0.2.1', port: 4000 };

function latched(nat?: string): Latch {
  const latch = new Latch();
  latch.signal(phone, nat);
  return latch;
}

/** Sends a run of packets in sequence; what each was answered. */
function run(latch: Latch, host: string, port: number, count: number, now = 0): boolean[] {
  return Array.from({ length: count }, (_, i) => latch.takes(host, port, 7, 100 + i, now));
}

test('before anything is signalled nobody is taken', () => {
  assert.deepEqual(run(new Latch(), phone.host, phone.port, 5), [false, false, false, false, false]);
});

test('the signalled address is taken with its first packet and locks at once', () => {
  const latch = latched();
  assert.equal(latch.takes(phone.host, phone.port, 7, 1, 0), true);
  assert.equal(latch.learned, true);
  assert.deepEqual(run(latch, phone.host, 5000, 10), Array(10).fill(false));
  assert.deepEqual(latch.far, phone);
});

test('media goes to the signalled address until a source is learned', () => {
  assert.deepEqual(latched().far, phone);
});

test('another port of the signalled host needs a run of packets in sequence', () => {
  const latch = latched();
  assert.deepEqual(run(latch, phone.host, 5000, PROBATION), [false, false, true]);
  assert.deepEqual(latch.far, { host: phone.host, port: 5000 });
});

test('packets that are not in sequence, or change their SSRC, prove nothing', () => {
  const latch = latched();
  for (let i = 0; i < 10; i++) assert.equal(latch.takes(phone.host, 5000, 7, i * 2, 0), false);
  for (let i = 0; i < 10; i++) assert.equal(latch.takes(phone.host, 5000, i, i, 0), false);
  assert.equal(latch.learned, false);
});

test('two sources that take turns do not help each other through probation', () => {
  const latch = latched();
  for (let i = 0; i < 10; i++) assert.equal(latch.takes(phone.host, 5000 + (i % 2), 7, i, 0), false);
});

test('the exact address replaces a worse source while learning, and not after', () => {
  const early = latched();
  run(early, phone.host, 5000, PROBATION);
  assert.equal(early.takes(phone.host, phone.port, 7, 1, LEARNING_MS - 1), true);
  assert.deepEqual(early.far, phone);
  const late = latched();
  run(late, phone.host, 5000, PROBATION);
  assert.equal(late.takes(phone.host, phone.port, 7, 1, LEARNING_MS + 1), false);
});

test('a worse source never replaces a better one', () => {
  const latch = latched('198.51.100.9');
  run(latch, phone.host, 5000, PROBATION);
  assert.deepEqual(run(latch, '198.51.100.9', 6000, 10), Array(10).fill(false));
});

test('a foreign host is never learned, but for the one that NAT makes plausible', () => {
  assert.deepEqual(run(latched(), '198.51.100.9', 4000, 10), Array(10).fill(false));
  const latch = latched('198.51.100.9');
  assert.deepEqual(run(latch, '203.0.113.5', 4000, 10), Array(10).fill(false));
  assert.deepEqual(run(latch, '198.51.100.9', 6000, PROBATION), [false, false, true]);
});

test('the same address signalled again keeps the lock; another one opens it anew', () => {
  const latch = latched();
  run(latch, phone.host, 5000, PROBATION);
  latch.signal({ ...phone }, undefined);
  assert.equal(latch.takes(phone.host, 5000, 7, 200, 10_000), true);
  latch.signal({ host: '192.0.2.2', port: 4000 }, undefined);
  assert.deepEqual(run(latch, phone.host, 5000, 5, 10_000), Array(5).fill(false));
  assert.deepEqual(latch.far, { host: '192.0.2.2', port: 4000 });
  assert.equal(latch.takes('192.0.2.2', 4000, 7, 1, 10_000), true);
});

test('private addresses are those of RFC 1918, 6598, 3927, 4193 and loopback', () => {
  const all = [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.9.9',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.1.1',
    '127.0.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ];
  assert.deepEqual(
    all.filter((address) => !isPrivateAddress(address)),
    [],
  );
  const open = ['8.8.8.8', '172.32.0.1', '172.15.0.1', '100.128.0.1', '192.169.0.1', '2001:db8::1', '11.0.0.1'];
  assert.deepEqual(open.filter(isPrivateAddress), []);
});
