import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeClock, silentLog } from '../base/index.ts';
import { Deaths, mourning } from './deaths.ts';

let clock = new FakeClock();
let died: string[] = [];
let asked: string[] = [];
let dead = new Set<string>();

function deaths(): Deaths {
  const made = new Deaths({ clock, log: silentLog }, (node) => void died.push(node));
  made.watchBy({
    meet: () => {},
    isDead: (node) => {
      asked.push(node);
      return Promise.resolve(dead.has(node));
    },
  });
  return made;
}
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

beforeEach(() => {
  clock = new FakeClock();
  [died, asked, dead] = [[], [], new Set(['b'])];
});

test('who is proven dead is gone when two beats are missing, not sooner', async () => {
  const all = deaths();
  all.beat(['a', 'b'], [{ node: 'b', silentMs: 700 }]);
  await settled();
  clock.advance(mourning.proven - 700 - 1);
  assert.deepEqual(died, []);
  clock.advance(50);
  assert.deepEqual(died, ['b']);
  // Calls may be left: the next beat tries again, without another proof.
  all.beat(['a', 'b'], [{ node: 'b', silentMs: 1_200 }]);
  assert.deepEqual([died, asked], [['b', 'b'], ['b']]);
});

test('who is only late is asked about at every beat, and never taken for dead', async () => {
  const all = deaths();
  for (const silentMs of [700, 1_200, 1_700]) {
    all.beat(['a', 'c'], [{ node: 'c', silentMs }]);
    await settled();
    clock.advance(500);
  }
  assert.deepEqual([died, asked], [[], ['c', 'c', 'c']]);
});

test('a proof is worth nothing once the node has beaten again', async () => {
  const all = deaths();
  all.beat(['b'], [{ node: 'b', silentMs: 1_200 }]);
  await settled();
  clock.advance(100);
  all.beat(['b'], []);
  dead.clear();
  all.beat(['b'], [{ node: 'b', silentMs: 700 }]);
  await settled();
  clock.advance(1_000);
  assert.deepEqual([died, asked], [['b'], ['b', 'b']]);
  all.close();
  assert.deepEqual(clock.pending(), []);
});
