// The fast gate, before every commit: types, lint, format, layers, unit tests, documents and their examples. Prints what failed and how to
// mend it; exits 0 only when all is well.   node scripts/check.mjs [--no-tests]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

export function testsUnder(folder) {
  const names = fs.existsSync(path.join(root, folder))
    ? fs.readdirSync(path.join(root, folder), { recursive: true })
    : [];
  return names
    .map((name) => path.join(folder, String(name)))
    .filter((name) => name.endsWith('.test.ts'))
    .sort();
}

export function nodeTests(files, { concurrency, timeout, extra = [] }) {
  const limits = [`--test-concurrency=${concurrency}`, `--test-timeout=${timeout}`];
  return [process.execPath, ['--import', 'tsx', '--test', ...limits, ...extra, ...files]];
}

const steps = [
  ['types', bin('tsc'), ['-p', 'tsconfig.check.json'], 'mend the types named above'],
  ['types of the browser stories', bin('tsc'), ['-p', 'tsconfig.browser.json'], 'mend the types named above'],
  ['types of the portal', bin('tsc'), ['-p', 'portal/tsconfig.json'], 'mend the types named above'],
  [
    'lint',
    bin('oxlint'),
    ['src', 'test', 'bench', 'scripts', 'portal/src', '--deny-warnings'],
    'npx oxlint --fix src test, or mend by hand',
  ],
  ['format', bin('oxfmt'), ['--check', 'src', 'test', 'portal/src'], 'npm run format'],
  [
    'layers',
    process.execPath,
    ['scripts/layers.mjs'],
    'import through index.ts, and only what scripts/layers.json allows',
  ],
  [
    'layers of the portal',
    process.execPath,
    ['scripts/layers.mjs', 'portal/src', 'scripts/portal-layers.json'],
    'import through index.ts, and only what scripts/portal-layers.json allows',
  ],
  ['docs', process.execPath, ['scripts/docs.mjs'], 'the documents must say what is there'],
];

function run([name, command, args, fix]) {
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (status === 0) return true;
  console.log(`${stdout}${stderr}`.trimEnd().split('\n').slice(0, 200).join('\n'));
  console.log(`     to mend: ${fix}`);
  return false;
}

function countDisables() {
  let count = 0;
  for (const name of fs.readdirSync(path.join(root, 'src'), { recursive: true }).map(String)) {
    if (!name.endsWith('.ts')) continue;
    count += fs.readFileSync(path.join(root, 'src', name), 'utf8').split('oxlint-disable').length - 1;
  }
  return count;
}

export function check({ tests = true } = {}) {
  install();
  let ok = true;
  for (const step of steps) ok = run(step) && ok;
  console.log(`     lint rules disabled in ${countDisables()} places, each with its reason`);
  if (!tests) return ok;
  const [command, args] = nodeTests([...testsUnder('src'), ...testsUnder('test/docs')], {
    concurrency: 2,
    timeout: 120_000,
    extra: ['--test-reporter=dot'],
  });
  const unit = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  console.log(`\n${unit.status === 0 ? 'ok  ' : 'FAIL'} unit tests and examples of the documents`);
  return ok && unit.status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exit(check({ tests: !process.argv.includes('--no-tests') }) ? 0 : 1);
}
