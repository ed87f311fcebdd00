// Compiles src/ to dist/ (without the tests) and copies what is not TypeScript.  node scripts/build.mjs [--if-stale]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const stamp = path.join(root, 'dist', '.built');

/** Newest change of anything the build reads. */
function newestSource() {
  let newest = 0;
  for (const file of ['tsconfig.json', 'package.json']) newest = Math.max(newest, fs.statSync(path.join(root, file)).mtimeMs);
  for (const name of fs.readdirSync(path.join(root, 'src'), { recursive: true })) {
    if (String(name).endsWith('.test.ts')) continue;
    newest = Math.max(newest, fs.statSync(path.join(root, 'src', String(name))).mtimeMs);
  }
  return newest;
}

export function stale() {
  return !fs.existsSync(stamp) || fs.statSync(stamp).mtimeMs < newestSource();
}

export function build() {
  fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.json')], { cwd: root, stdio: 'inherit' });
  for (const name of fs.readdirSync(path.join(root, 'src'), { recursive: true }).map(String)) {
    if (!/\.(html|css|json|svg)$/.test(name) || name.includes('testdata')) continue;
    fs.mkdirSync(path.dirname(path.join(root, 'dist', name)), { recursive: true });
    fs.copyFileSync(path.join(root, 'src', name), path.join(root, 'dist', name));
  }
  fs.writeFileSync(stamp, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--if-stale') && !stale()) console.log('dist/ is up to date');
  else {
    const begun = performance.now();
    build();
    console.log(`built dist/ in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
}
