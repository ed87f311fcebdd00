import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestFailure, shouldFailOver } from './best-response.ts';

const best = (...statuses: number[]) => bestFailure(statuses.map((status) => ({ status })))?.status;

test('§16.7 a 6xx is the best answer whatever else came', () => assert.equal(best(404, 603, 486), 603));
test('§16.7 a lower class wins', () => assert.equal(best(500, 404, 302), 302));
test('§16.7 within 4xx one that tells what to change wins', () => assert.equal(best(404, 407, 486), 407));
test('§16.7 a 503 is passed on only when nothing better came', () => {
  assert.equal(best(503, 500), 500);
  assert.equal(best(503), 503);
});
test('the first among equals wins, so the order of targets decides', () => assert.equal(best(486, 404), 486));
test('no failure has no best', () => assert.equal(best(), undefined));

for (const status of [408, 430, 500, 502, 503, 504]) {
  test(`a gateway that answers ${status} is passed over for the next`, () =>
    assert.equal(shouldFailOver({ status, by: 'response' }), true));
}
for (const status of [401, 403, 404, 480, 484, 486, 487, 488, 600, 603]) {
  test(`a callee's ${status} is final: no other gateway is tried`, () =>
    assert.equal(shouldFailOver({ status, by: 'response' }), false));
}
test('a gateway that is silent or unreachable is passed over', () => {
  assert.equal(shouldFailOver({ status: 408, by: 'timeout' }), true);
  assert.equal(shouldFailOver({ status: 503, by: 'transport' }), true);
});
test('what we cancelled ourselves is not tried elsewhere', () =>
  assert.equal(shouldFailOver({ status: 487, by: 'cancelled' }), false));
