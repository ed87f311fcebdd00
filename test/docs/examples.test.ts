// examples/app-test as somebody who cloned it runs it: Graine in node_modules, then `node --test`.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const root = path.join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'graine-example-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What `npm install` makes of "graine": "file:../..". */
function install(): void {
  cpSync(path.join(root, 'examples', 'app-test'), folder, { recursive: true });
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  symlinkSync(root, path.join(modules, 'graine'), 'dir');
  symlinkSync(path.join(root, 'bin', 'graine'), path.join(modules, '.bin', 'graine'));
}

async function runTests(): Promise<{ code: number | null; said: string }> {
  // Inside of a test run node --test would be taken for a part of it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--test', '--test-reporter=tap', '--test-timeout=90000'];
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => void (said += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

test('the tests of examples/app-test pass against a Graine of their own', async () => {
  execFileSync(process.execPath, [path.join(root, 'scripts', 'build.mjs'), '--if-stale']);
  install();
  const { code, said } = await runTests();
  assert.equal(code, 0, said);
  assert.match(said, /^# pass 2$/m);
});

test('docs/testing.md shows the example as it is', () => {
  const page = readFileSync(path.join(root, 'docs', 'testing.md'), 'utf8');
  const source = readFileSync(path.join(root, 'examples', 'app-test', 'app.test.mjs'), 'utf8');
  const shown = [...page.matchAll(/```js\n(test\([\s\S]*?)```/g)].map(([, code]) => code ?? '');
  assert.ok(shown.length > 0, 'the page shows a test');
  for (const code of shown) assert.ok(source.includes(code.trim()), code);
});
