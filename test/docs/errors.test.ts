// docs/errors.md and the registry say the same, in both directions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { errorRegistry } from '../../src/base/index.ts';
import '../../src/main.ts';

const documented = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^\| `([a-z-]+)` \|/gm),
].map(([, code]) => code ?? '');

it('every error code of the source is documented, and every documented one exists', () => {
  assert.deepEqual(
    documented,
    [...errorRegistry().keys()].sort(),
    'run: node scripts/build.mjs && node scripts/docs-errors.mjs',
  );
});

it('every error says what to do, or is a refusal that carries its own reason', () => {
  for (const [code, { fix, message }] of errorRegistry()) assert.ok(fix !== '' || message === '{reason}', code);
});
