import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FewParams } from './few-params.ts';

/** The same, told to a Map. */
function both(count: number): { few: FewParams; map: Map<string, string | true> } {
  const few = new FewParams('n0', true);
  const map = new Map<string, string | true>([['n0', true]]);
  for (let n = 1; n < count; n++) {
    const value = n % 3 === 0 ? true : `v${n}`;
    assert.equal(few.add(`n${n}`, value), true);
    map.set(`n${n}`, value);
  }
  return { few, map };
}

for (const count of [1, 3, 16, 17, 18, 1000]) {
  test(`${count} parameters are what a Map of them would be`, () => {
    const { few, map } = both(count);
    assert.equal(few.size, map.size);
    assert.deepEqual([...few], [...map]);
    assert.deepEqual([...few.keys()], [...map.keys()]);
    assert.deepEqual([...few.values()], [...map.values()]);
    assert.deepEqual(new Map(few), map);
    const seen: [string, string | true][] = [];
    few.forEach((value, name) => seen.push([name, value]));
    assert.deepEqual(seen, [...map]);
    for (let n = 0; n <= count; n++) {
      assert.equal(few.get(`n${n}`), map.get(`n${n}`));
      assert.equal(few.has(`n${n}`), map.has(`n${n}`));
    }
  });

  test(`a name that is among ${count} is not taken twice`, () => {
    const { few, map } = both(count);
    for (let n = 0; n < count; n++) assert.equal(few.add(`n${n}`, 'other'), false);
    assert.deepEqual([...few], [...map]);
  });
}
