import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verbFaults } from './index.ts';

const bob = { type: 'user', name: 'bob' };

test('a document that would run has no faults', () => {
  assert.deepEqual(verbFaults([{ verb: 'dial', target: [bob] }, { verb: 'hangup' }]), []);
});

test('a property that does not exist is named by its pointer, with the one that was meant', () => {
  const [fault, ...others] = verbFaults([
    { verb: 'pause', length: 1 },
    { verb: 'dial', target: [bob], timeOut: 3 },
  ]);
  assert.equal(fault?.path, '/1/timeOut');
  assert.match(fault?.fix ?? '', /timeout/i);
  assert.deepEqual(others, []);
});

test('what a dial breaks beyond its shape is named too', () => {
  const faults = verbFaults([{ verb: 'dial', target: [bob, { type: 'phone', number: 'nobody' }] }]);
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['/0/target/1/number'],
  );
});

test('a pointer leads into what stands in brackets and quotes', () => {
  const [fault] = verbFaults([{ 'sip:decline': { status: 200 } }]);
  assert.match(fault?.path ?? '', /^\/0\/sip:decline\/status$/);
});

test('what is no list is a fault of the document', () => {
  assert.equal(verbFaults('dial')[0]?.path, '');
});
