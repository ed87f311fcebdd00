import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../base/index.ts';
import { SignInLimiter } from './sign-in-limiter.ts';

test('ten failures of a source are free, whomever it tries; then the wait doubles, to a quarter of an hour', () => {
  const clock = new FakeClock();
  const limiter = new SignInLimiter(clock);
  let tried = 0;
  const attempt = (): number => limiter.begin('192.0.2.1', `person${tried++}@x.test`);
  for (let i = 0; i < 10; i++) assert.equal(attempt(), 0);
  const waits: number[] = [];
  for (let i = 0; i < 14; i++) {
    const wait = attempt();
    waits.push(wait);
    clock.advance(wait * 1000);
    assert.equal(attempt(), 0);
  }
  assert.deepEqual(waits.slice(0, 4), [1, 2, 4, 8]);
  assert.equal(waits.at(-1), 900);
});

test('a network of IPv6 is one source, and an address written as IPv4 in IPv6 is the IPv4 one', () => {
  const limiter = new SignInLimiter(new FakeClock());
  for (let i = 0; i < 11; i++) limiter.begin(`2001:db8::${i}`, `a${i}@x.test`);
  assert.ok(limiter.begin('2001:db8:0:0:ffff::1', 'b@x.test') > 0);
  assert.equal(limiter.begin('2001:db8:0:1::1', 'c@x.test'), 0);
  for (let i = 0; i < 11; i++) limiter.begin('::ffff:192.0.2.9', `d${i}@x.test`);
  assert.ok(limiter.begin('192.0.2.9', 'e@x.test') > 0);
});

test('strangers from everywhere cannot lock a person out for longer than a minute', () => {
  const clock = new FakeClock();
  const limiter = new SignInLimiter(clock);
  for (let i = 0; i < 40; i++) {
    limiter.begin(`198.51.${i}.1`, 'ann@x.test');
    clock.advance(60_000);
  }
  limiter.begin('203.0.113.5', 'ann@x.test');
  assert.ok(limiter.begin('203.0.113.6', 'ann@x.test') <= 60);
});

test('who was right is forgiven; what else the source tried stays counted', () => {
  const limiter = new SignInLimiter(new FakeClock());
  for (let i = 0; i < 10; i++) {
    limiter.begin('192.0.2.1', `victim${i}@x.test`);
    limiter.begin('192.0.2.1', 'own@x.test');
    limiter.succeeded('192.0.2.1', 'own@x.test');
  }
  limiter.begin('192.0.2.1', 'victim@x.test');
  assert.ok(limiter.begin('192.0.2.1', 'another@x.test') > 0);
});

test('a flood of addresses costs bounded memory: the oldest are forgotten', () => {
  const limiter = new SignInLimiter(new FakeClock());
  for (let i = 0; i < 6; i++) limiter.begin('192.0.2.1', 'first@x.test');
  assert.ok(limiter.begin('192.0.2.2', 'first@x.test') > 0);
  for (let i = 0; i < 10_001; i++) limiter.begin(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `flood${i}@x.test`);
  assert.equal(limiter.begin('192.0.2.3', 'first@x.test'), 0);
});
