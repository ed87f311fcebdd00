// docs/attacks.md says which test covers which attack: they exist, and no line claims more than it names.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '..', '..');
const page = readFileSync(path.join(root, 'docs', 'attacks.md'), 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \|(.*?)\| (.+?) \|$/gm)].filter(([, id]) => !/^(id|race|-+)/.test(id ?? ''));

test('every attack of the checklist has its line, once', () => {
  const ids = rows.map(([, id]) => id ?? '').filter((id) => /^[A-F]\d+$/.test(id));
  const counts: Record<string, number> = { A: 10, B: 7, C: 9, D: 7, E: 6, F: 4 };
  const wanted = Object.entries(counts).flatMap(([letter, most]) =>
    Array.from({ length: most }, (_, n) => `${letter}${n + 1}`),
  );
  assert.deepEqual(ids, wanted);
});

for (const [, id = '', tests = '', state = ''] of rows)
  test(`${id}: the tests it names exist, and its state fits them`, () => {
    const named = [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file ?? '');
    for (const file of named) assert.ok(existsSync(path.join(root, file)), `${file} does not exist`);
    assert.match(state, /^(covered|in part|not yet)/);
    assert.equal(named.length === 0, state.startsWith('not yet'), 'not yet means that no test is named');
  });
