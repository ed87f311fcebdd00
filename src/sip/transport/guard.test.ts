import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, silentLog } from '../../base/index.ts';
import { sourceKey } from './address.ts';
import { type GuardOptions, SourceGuard } from './guard.ts';

const setUp = (options: Partial<GuardOptions> = {}): { clock: FakeClock; guard: SourceGuard } => {
  const clock = new FakeClock();
  return { clock, guard: new SourceGuard({ clock, log: silentLog, ...options }) };
};

const attacker = '203.0.113.9';

test('B2 a scanner is banned at its first word, for ten minutes, and only it', () => {
  const { clock, guard } = setUp();
  assert.ok(guard.admits(attacker));
  assert.ok(guard.penalize(attacker, 'scanner'));
  assert.equal(guard.admits(attacker), false);
  assert.ok(guard.banned(attacker));
  assert.ok(guard.admits('203.0.113.10'));
  clock.advance(600_000);
  assert.equal(guard.banned(attacker), false);
  assert.ok(guard.admits(attacker));
});

test('offences add up to a ban, decay with time, and success forgives them', () => {
  const { clock, guard } = setUp();
  for (let i = 0; i < 9; i++) assert.equal(guard.penalize(attacker, 'unauthenticated'), false);
  guard.forgive(attacker);
  clock.advance(3_600_001); // Known no more.
  for (let i = 0; i < 9; i++) assert.equal(guard.penalize(attacker, 'unauthenticated'), false);
  clock.advance(60_000); // 90 is 45.
  for (let i = 0; i < 5; i++) assert.equal(guard.penalize(attacker, 'unauthenticated'), false);
  assert.ok(guard.penalize(attacker, 10));
});

test('each further ban is twice as long', () => {
  const { clock, guard } = setUp({ banMs: 1000 });
  for (const length of [1000, 2000, 4000]) {
    guard.penalize(attacker, 'scanner');
    clock.advance(length - 1);
    assert.ok(guard.banned(attacker));
    clock.advance(1);
    assert.equal(guard.banned(attacker), false);
  }
});

test('a ban is told, and another node takes it over for the time that is left, but not for what it trusts or knows', () => {
  const told: { address: string; ms: number; reason: string }[] = [];
  const here = setUp({ banMs: 1000, onBan: (ban) => void told.push(ban) });
  here.guard.penalize(attacker, 'scanner');
  here.guard.penalize('2001:db8::7', 'scanner');
  assert.deepEqual(told, [
    { address: attacker, ms: 1000, reason: 'scanner' },
    { address: sourceKey('2001:db8::7'), ms: 1000, reason: 'scanner' },
  ]);
  const there = setUp({
    trusted: ['192.0.2.1'],
    exempt: (address) => address === '192.0.2.2',
    onBan: () => assert.fail('a ban that was taken over is not told again'),
  });
  there.guard.forgive('192.0.2.3');
  for (const { address, reason } of told) there.guard.adopt({ address, ms: 400, reason });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    there.guard.adopt({ address, ms: 400, reason: 'scanner' });
    assert.ok(there.guard.admits(address));
  }
  assert.equal(there.guard.admits(attacker), false);
  assert.equal(there.guard.admits('2001:db8::99'), false);
  there.clock.advance(400);
  assert.ok(there.guard.admits(attacker));
  assert.ok(there.guard.admits('2001:db8::99'));
});

test('a spoofed peer of ours is hard to get banned', () => {
  const { guard } = setUp();
  guard.forgive(attacker);
  for (let i = 0; i < 9; i++) assert.equal(guard.penalize(attacker, 'scanner'), false);
});

test('trusted networks are never scored, limited or banned', () => {
  const { guard } = setUp({ trusted: ['203.0.113.0/24', '2001:db8::/32', '192.0.2.7'], strangerRate: 1 });
  for (const address of [attacker, '::ffff:203.0.113.9', '2001:db8::5', '192.0.2.7']) {
    for (let i = 0; i < 10; i++) assert.ok(guard.admits(address));
    assert.equal(guard.penalize(address, 'scanner'), false);
    assert.ok(guard.isTrusted(address));
  }
  assert.ok(guard.penalize('192.0.2.8', 'scanner'));
});

test('B2 a stranger above its rate is dropped and in the end banned; one we know has fifty times as much', () => {
  const { clock, guard } = setUp();
  let admitted = 0;
  for (let i = 0; i < 1500; i++) if (guard.admits(attacker)) admitted++;
  assert.equal(admitted, 1000);
  assert.equal(guard.stats().droppedRate, 500);
  clock.advance(500);
  assert.ok(guard.admits(attacker));
  for (let i = 0; i < 2000; i++) guard.admits(attacker);
  assert.ok(guard.banned(attacker));
  guard.expect('192.0.2.1');
  for (let i = 0; i < 40_000; i++) assert.ok(guard.admits('192.0.2.1'));
});

test('A3 a packet of 57 kB counts as 57: it takes that much longer to read', () => {
  const { guard } = setUp();
  let admitted = 0;
  for (let i = 0; i < 100; i++) if (guard.admits(attacker, 58_368)) admitted++;
  assert.equal(admitted, 17);
  assert.ok(guard.admits(attacker, 4096));
});

test('two thousand calls a second from one address, ten packets each, never trip once one has succeeded', () => {
  const { clock, guard } = setUp();
  const peer = '127.0.0.1';
  for (let ms = 0; ms < 2000; ms++) {
    for (let i = 0; i < 20; i++) assert.ok(guard.admits(peer));
    if (ms % 10 === 0) guard.forgive(peer);
    if (ms % 100 === 0) guard.penalize(peer, 'unauthenticated');
    clock.advance(1);
  }
  assert.equal(guard.stats().bans, 0);
});

test('an IPv6 source is its /64, an IPv4-mapped one is its IPv4 address', () => {
  assert.equal(sourceKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(sourceKey('2001:0db8::1'), '2001:db8:0:0::/64');
  assert.equal(sourceKey('::1'), '0:0:0:0::/64');
  assert.equal(sourceKey('2001:db8:1::'), '2001:db8:1:0::/64');
  assert.equal(sourceKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(sourceKey('::ffff:192.0.2.1'), '192.0.2.1');
  const { guard } = setUp();
  guard.penalize('2001:db8::1', 'scanner');
  assert.equal(guard.admits('2001:db8::2'), false);
  assert.ok(guard.admits('2001:db8:0:1::2'));
});

test('B4 memory is bounded, and a flood of new sources does not free the banned', () => {
  const { guard } = setUp({ capacity: 100 });
  guard.penalize(attacker, 'scanner');
  guard.forgive('192.0.2.1');
  for (let i = 0; i < 10_000; i++) guard.admits(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.ok(guard.stats().sources <= 100);
  assert.ok(guard.banned(attacker));
});

test('bans are listed with their end and drops, and can be lifted', () => {
  const { clock, guard } = setUp({ banMs: 60_000 });
  guard.penalize(attacker, 'scanner');
  guard.admits(attacker);
  assert.deepEqual(guard.list(), [{ address: attacker, until: clock.now() + 60_000, reason: 'scanner', dropped: 1 }]);
  assert.deepEqual([guard.stats().banned, guard.stats().droppedBanned], [1, 1]);
  assert.ok(guard.unban(attacker));
  assert.equal(guard.unban(attacker), false);
  assert.ok(guard.admits(attacker));
  assert.deepEqual(guard.list(), []);
  guard.penalize('2001:db8::1', 'scanner');
  assert.ok(guard.unban(guard.list()[0]?.address ?? ''));
});

test('a carrier’s address is never banned for what others send in its name', () => {
  const { guard } = setUp({ exempt: (address) => address === attacker });
  for (let i = 0; i < 50; i++) assert.equal(guard.penalize(attacker, 'scanner'), false);
  assert.ok(guard.admits(attacker));
  assert.ok(guard.penalize('203.0.113.10', 'scanner'));
});
