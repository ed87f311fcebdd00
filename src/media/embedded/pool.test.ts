import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PortPool, portPairs } from './pool.ts';

function pool(count: number): { pool: PortPool; asked: number[][] } {
  const asked: number[][] = [];
  const made = new PortPool(
    Array.from({ length: count }, (_, i) => 1000 + i * 2),
    (ports) => asked.push(ports),
  );
  made.prepare();
  return { pool: made, asked };
}

test('a range gives its even ports that have their odd neighbour', () => {
  assert.deepEqual(portPairs('10001-10006'), [10_002, 10_004]);
  for (const range of ['', '5-4', 'x', '1-70000', '10001-10001', '-5-7', '1-2-3', '10000'])
    assert.equal(portPairs(range), undefined, range);
});

test('pairs are bound ahead, a few at a time, and a ready one is had at once', () => {
  const { pool: ports, asked } = pool(40);
  assert.equal(ports.take(), undefined);
  assert.equal(asked.length, 1);
  ports.bound(asked[0]!, []);
  assert.equal(ports.take(), 1000);
  assert.deepEqual([ports.inUse, ports.free], [1, 39]);
});

test('who comes while pairs are being bound waits for one', () => {
  const { pool: ports, asked } = pool(2);
  const got: (number | string)[] = [];
  for (let i = 0; i < 2; i++)
    assert.equal(ports.wait({ take: (port) => got.push(port), fail: () => got.push('none') }), true);
  assert.equal(ports.wait({ take: () => {}, fail: () => {} }), false);
  ports.bound([asked[0]![0]!], [asked[0]![1]!]);
  assert.deepEqual(got, [1000, 'none']);
});

test('a released pair is not had again before it has rested, even when nothing else is left', () => {
  const { pool: ports, asked } = pool(1);
  ports.bound(asked[0]!, []);
  assert.equal(ports.take(), 1000);
  ports.release();
  assert.deepEqual([ports.inUse, ports.resting, ports.free], [0, 1, 0]);
  assert.equal(ports.take(), undefined);
  assert.equal(ports.wait({ take: () => {}, fail: () => {} }), false);
  ports.rested([1000]);
  assert.equal(ports.take(), 1000);
});

test('pairs go round: the one that has rested longest comes first, for thousands of calls', () => {
  const { pool: ports, asked } = pool(4);
  ports.bound(asked[0]!, []);
  for (let i = 0; i < 10_000; i++) {
    const port = ports.take()!;
    assert.equal(port, 1000 + (i % 4) * 2);
    ports.release();
    ports.rested([port]);
  }
});

test('closing fails those who wait', () => {
  const { pool: ports } = pool(1);
  let failed = 0;
  ports.wait({ take: () => {}, fail: () => failed++ });
  ports.close();
  assert.equal(failed, 1);
});
