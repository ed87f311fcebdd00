import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { configDocument } from './document.ts';

it('docs/config.md is what the schema says (else: node --import tsx scripts/docs-config.mjs)', () => {
  assert.equal(readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8'), configDocument());
});
