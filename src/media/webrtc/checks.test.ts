import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Far } from '../rtp/packet.ts';
import { mayBeSought } from './candidates.ts';
import { Checks, CONSENT_ENDS_MS, PACE_MS, TRICKLE_MS } from './checks.ts';
import { IceLite } from './ice-lite.ts';
import { isIndication, readAnswer, readBinding } from './stun.ts';

const theirs = { ufrag: 'lite0000', pwd: 'the-password-of-who-waits' };
const fars: readonly Far[] = [1, 2, 3].map((n) => ({ host: `192.0.2.${n}`, port: 1000 * n }));
const username = `${theirs.ufrag}:ours0000`;

type Sent = { readonly bytes: Buffer; readonly far: Far };

function looking(candidates: readonly Far[]): { checks: Checks; sent: Sent[]; answer: (sent: Sent) => Buffer } {
  const sent: Sent[] = [];
  const send = (bytes: Uint8Array, far: Far): number => sent.push({ bytes: Buffer.from(bytes), far });
  const checks = new Checks({ send, bytes: randomBytes });
  checks.seek({ username, password: theirs.pwd, candidates }, 0);
  const lite = new IceLite({ local: theirs, remoteUfrag: 'ours0000' }, String);
  return { checks, sent, answer: ({ bytes }) => lite.answer(bytes, '198.51.100.1', 9)! };
}

test('RFC 8445 §7.1 a check is proved, controlling and nominating; candidates are asked one at a time', () => {
  const { checks, sent } = looking(fars);
  checks.tick(0);
  assert.equal(sent.length, 1);
  checks.tick(PACE_MS - 1);
  assert.equal(sent.length, 1);
  checks.tick(PACE_MS);
  checks.tick(2 * PACE_MS);
  assert.deepEqual(
    sent.map(({ far }) => far),
    fars,
  );
  const request = readBinding(sent[0]!.bytes);
  assert.equal(request?.username, username);
  assert.equal(request?.useCandidate, true);
  assert.equal(request?.controlled, false);
});

test('who answers first, with the right password and from where it was asked, is nominated', () => {
  const { checks, sent, answer } = looking(fars);
  for (const at of [0, 50, 100]) checks.tick(at);
  const good = answer(sent[1]!);
  assert.equal(checks.take(good, fars[0]!, 101), false, 'from elsewhere: RFC 8445 §7.2.5.2.1');
  const forged = Buffer.from(good);
  forged[30]! ^= 1;
  assert.equal(checks.take(forged, fars[1]!, 101), false);
  assert.equal(checks.take(randomBytes(40), fars[1]!, 101), false);
  assert.equal(checks.nominated, undefined);
  assert.equal(checks.take(good, fars[1]!, 102), true);
  assert.deepEqual(checks.nominated, fars[1]);
  assert.equal(checks.take(answer(sent[0]!), fars[0]!, 103), true, 'a late answer changes nothing');
  assert.equal(checks.take(good, fars[1]!, 104), false, 'nor does the same again');
  assert.deepEqual(checks.nominated, fars[1]);
});

test('a check that is not answered is sent again ever more seldom, and given up', () => {
  const { checks, sent } = looking([fars[0]!]);
  for (let now = 0; now < 60_000; now += 100) checks.tick(now);
  assert.equal(sent.length, 6);
  assert.match(checks.lost(60_000) ?? '', /no candidate of the far end answers/);
});

test('RFC 7675 consent is asked for every 4 to 6 s and ends 30 s after the last answer', () => {
  const { checks, sent, answer } = looking([fars[0]!]);
  checks.tick(0);
  checks.take(answer(sent[0]!), fars[0]!, 10);
  let answered = 1;
  let now = 0;
  for (; now < 60_000; now += 100) {
    checks.tick(now);
    if (sent.length > answered) checks.take(answer(sent[answered++]!), fars[0]!, now + 5);
  }
  assert.ok(answered >= 11 && answered <= 16, `${answered} in a minute`);
  assert.equal(checks.lost(now), undefined);
  for (const end = now + CONSENT_ENDS_MS + 100; now < end; now += 100) checks.tick(now);
  assert.match(checks.lost(now) ?? '', /takes back its consent/);
});

test('a restart looks anew and keeps what was found; more candidates join, within a bound', () => {
  const { checks, sent, answer } = looking([fars[0]!]);
  checks.tick(0);
  checks.take(answer(sent[0]!), fars[0]!, 1);
  checks.seek({ username: 'lite1111:ours0000', password: theirs.pwd, candidates: [fars[1]!] }, 100);
  assert.deepEqual(checks.nominated, fars[0]);
  checks.tick(100);
  assert.deepEqual(sent.at(-1)?.far, fars[1]);
  const many = Array.from({ length: 500 }, (_, n) => ({ host: '192.0.2.9', port: n + 1 }));
  checks.seek({ username: 'lite1111:ours0000', password: theirs.pwd, candidates: many }, 100);
  for (let now = 100; now < 60_000; now += 50) checks.tick(now);
  assert.equal(new Set(sent.map(({ far }) => `${far.host}:${far.port}`)).size, 17);
});

test('without a candidate that may be used there is nothing to wait for', () => {
  const { checks } = looking([]);
  assert.equal(checks.lost(TRICKLE_MS - 1), undefined, 'one may come by INFO');
  assert.match(checks.lost(TRICKLE_MS) ?? '', /none of the candidates/);
});

for (const [address, far, near] of [
  ['192.0.2.1', false, false],
  ['198.100.1.1', true, true],
  ['2a00:1450::1', true, true],
  ['10.0.0.1', false, true],
  ['127.0.0.1', false, true],
  ['::1', false, true],
  ['fd00::1', false, true],
  ['::ffff:10.0.0.1', false, true],
  ['::ffff:169.254.169.254', false, false],
  ['169.254.169.254', false, false],
  ['fe80::1', false, false],
  ['0.0.0.0', false, false],
  ['224.0.0.1', false, false],
  ['255.255.255.255', false, false],
  ['host.example.test', false, false],
] as const) {
  test(`a candidate at ${address} is ${far ? '' : near ? 'looked for only where private addresses are allowed' : 'never looked for'}`, () => {
    assert.equal(mayBeSought(address, false), far);
    assert.equal(mayBeSought(address, true), near);
  });
}

test('attack A2 no datagram makes the readers throw, and no change of an answer passes', () => {
  const { checks, sent, answer } = looking([fars[0]!]);
  checks.tick(0);
  const good = answer(sent[0]!);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readAnswer(Buffer.from(bytes), theirs.pwd);
      isIndication(Buffer.from(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(good.length), (at, flip, cut) => {
      const changed = Buffer.from(good);
      changed[at]! ^= flip;
      assert.equal(checks.take(changed, fars[0]!, 1), false);
      assert.equal(checks.take(good.subarray(0, Math.min(cut, good.length - 1)), fars[0]!, 1), false);
    }),
  );
  assert.equal(checks.take(good, fars[0]!, 2), true);
});
