import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../base/index.ts';
import type { Account } from '../ports/index.ts';
import { aloneWith } from './limits/stand-in.test.ts';
import { type OverQuota, Quotas } from './quotas.ts';

function start(running: Record<string, number> = {}) {
  const clock = new FakeClock();
  const alerts: { accountSid: string; type: string; message: string }[] = [];
  const registry = { sessionsOf: (sid: string) => running[sid] ?? 0 };
  const limits = aloneWith(clock);
  const quotas = new Quotas({ clock, registry, limits, alerts: { raise: (alert) => void alerts.push(alert) } });
  const begin = (sid: string, limits: Partial<Account>): OverQuota | undefined => {
    const over = quotas.begin({ sid, name: sid, webhookSecret: '', isActive: true, ...limits });
    assert.ok(!(over instanceof Promise), 'nobody else is asked');
    return over;
  };
  return { clock, alerts, begin };
}

test('no limit: every call may begin', () => {
  const { begin, alerts } = start({ a: 1_000_000 });
  for (let n = 0; n < 1000; n++) assert.equal(begin('a', {}), undefined);
  assert.deepEqual(alerts, []);
});

test('max_calls counts what runs, of this account alone', () => {
  const { begin } = start({ a: 2, b: 1 });
  assert.deepEqual(begin('a', { maxCalls: 2 }), { reason: 'Maximum Calls In Progress', retryAfterSeconds: 5 });
  assert.equal(begin('a', { maxCalls: 3 }), undefined);
  assert.equal(begin('b', { maxCalls: 2 }), undefined);
});

test('max_cps: no second holds more, whenever it begins; another account has a pace of its own', () => {
  const { clock, begin } = start();
  const at = () => begin('a', { maxCps: 2 }) === undefined;
  assert.deepEqual([at(), at(), at()], [true, true, false]);
  assert.equal(begin('b', { maxCps: 2 }), undefined);
  clock.advance(999);
  assert.equal(at(), false);
  clock.advance(1);
  assert.deepEqual([at(), at(), at()], [true, true, false]);
});

test('a call that is refused does not count, so a flood does not shut its own account out', () => {
  const { clock, begin } = start();
  let admitted = 0;
  for (let ms = 0; ms < 10_000; ms += 10) {
    if (begin('a', { maxCps: 5 }) === undefined) admitted++;
    clock.advance(10);
  }
  assert.equal(admitted, 50);
});

test('one alert a minute and account, however many calls are refused', () => {
  const { clock, begin, alerts } = start({ a: 1, b: 1 });
  for (let n = 0; n < 100; n++) begin('a', { maxCalls: 1 });
  begin('b', { maxCalls: 1 });
  assert.deepEqual(
    alerts.map(({ accountSid, type }) => [accountSid, type]),
    [
      ['a', 'account-call-limit'],
      ['b', 'account-call-limit'],
    ],
  );
  clock.advance(60_000);
  begin('a', { maxCalls: 1 });
  assert.equal(alerts.length, 3);
});
