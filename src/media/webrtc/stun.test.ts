import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkOf, serverIce } from './fixture.ts';
import { IceLite } from './ice-lite.ts';
import { provesPassword, readBinding, successOf } from './stun.ts';

/** RFC 5769 §2.1. */
const sample = Buffer.from(
  '000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36' +
    '000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf',
  'hex',
);
const password = 'VOkJxbRl1RmTxUk/WvJxBt';

test('RFC 5769 §2.1 the sample request is read and its integrity is right, with its password alone', () => {
  const request = readBinding(sample);
  assert.ok(request);
  assert.equal(request.username, 'evtj:h6vY');
  assert.deepEqual([request.useCandidate, request.controlled], [false, true]);
  assert.equal(provesPassword(request, password), true);
  assert.equal(provesPassword(request, `${password}x`), false);
});

test('RFC 5769 §2.2, §2.3 the answers to it map the same addresses', () => {
  const request = readBinding(sample);
  assert.ok(request);
  const four = successOf(request, '192.0.2.1', 32_853, password);
  assert.equal(four.readUInt16BE(0), 0x0101);
  assert.equal(four.subarray(20, 32).toString('hex'), '002000080001a147e112a643');
  const six = successOf(request, '2001:db8:1234:5678:11:2233:4455:6677', 32_853, password);
  assert.equal(six.subarray(20, 44).toString('hex'), '002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9');
});

test('a request with one bit changed, cut short or of any bytes is never answered', () => {
  const settings = { local: serverIce, remoteUfrag: 'browser0' };
  const whole = checkOf();
  const answered = (bytes: Buffer) => new IceLite(settings, String).answer(bytes, '127.0.0.1', 5) !== undefined;
  assert.equal(answered(whole), true);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const changed = Buffer.from(whole);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(answered(changed), false, `bit ${bit}`);
  }
  for (let length = 0; length < whole.length; length++) assert.equal(answered(whole.subarray(0, length)), false);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(answered(Buffer.from(bytes)), false);
    }),
  );
});

test('RFC 8445 §7.3.1.1 who takes itself for the controlled one is told that it is not', () => {
  const ice = new IceLite({ local: serverIce, remoteUfrag: 'browser0' }, String);
  const answer = ice.answer(checkOf({ controlled: true }), '127.0.0.1', 5);
  assert.equal(answer?.readUInt16BE(0), 0x0111);
  assert.equal(ice.knows('127.0.0.1', 5), false);
});

test('where it nominates last is where the far end is; ways in are bounded', () => {
  const ice = new IceLite({ local: serverIce, remoteUfrag: 'browser0' }, String);
  ice.answer(checkOf({ nominates: false }), '127.0.0.1', 1);
  assert.deepEqual(ice.far, { host: '127.0.0.1', port: 1 });
  ice.answer(checkOf(), '127.0.0.1', 2);
  ice.answer(checkOf({ nominates: false }), '127.0.0.1', 3);
  assert.deepEqual(ice.far, { host: '127.0.0.1', port: 2 });
  for (let port = 100; port < 200; port++) ice.answer(checkOf({ nominates: false }), '127.0.0.1', port);
  assert.equal(ice.knows('127.0.0.1', 1), false);
  assert.deepEqual(ice.far, { host: '127.0.0.1', port: 2 });
});

test('after a restart checks of the time before count until one of the new time came', () => {
  const ice = new IceLite({ local: serverIce, remoteUfrag: 'browser0' }, String);
  const local = { ufrag: 'server01', pwd: 'another-password-of-length' };
  ice.restart({ local, remoteUfrag: 'browser1' });
  assert.ok(ice.answer(checkOf(), '127.0.0.1', 1));
  assert.ok(ice.answer(checkOf({ username: 'server01:browser1', password: local.pwd }), '127.0.0.1', 1));
  assert.equal(ice.answer(checkOf(), '127.0.0.1', 1), undefined);
});
