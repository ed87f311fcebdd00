// Compiles src/ to dist/ (without the tests), copies what is not TypeScript, and builds the portal to dist/portal, each file
// compressed ahead.   node scripts/build.mjs [--if-stale]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { bundle } from './bundle.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const stamp = path.join(root, 'dist', '.built');

/** Newest change of anything the build reads. */
function newestSource() {
  let newest = 0;
  for (const file of [
    'tsconfig.json',
    'package.json',
    'package-lock.json',
    'bin/runtime.js',
    'runtime/package-lock.json',
  ])
    newest = Math.max(newest, fs.statSync(path.join(root, file)).mtimeMs);
  for (const folder of ['src', 'portal']) {
    for (const name of fs.readdirSync(path.join(root, folder), { recursive: true })) {
      if (String(name).endsWith('.test.ts')) continue;
      newest = Math.max(newest, fs.statSync(path.join(root, folder, String(name))).mtimeMs);
    }
  }
  return newest;
}

export function stale() {
  return !fs.existsSync(stamp) || fs.statSync(stamp).mtimeMs < newestSource();
}

/** Beside each text its `.br` and `.gz`, where they are smaller: the server sends them as they are. */
function compress(folder) {
  for (const name of fs.readdirSync(folder, { recursive: true }).map(String)) {
    if (!/\.(?:js|css|html|svg)$/.test(name)) continue;
    const file = path.join(folder, name);
    const bytes = fs.readFileSync(file);
    const packed = { br: zlib.brotliCompressSync(bytes), gz: zlib.gzipSync(bytes, { level: 9 }) };
    for (const [suffix, smaller] of Object.entries(packed)) {
      if (smaller.length < bytes.length) fs.writeFileSync(`${file}.${suffix}`, smaller);
    }
  }
}

export function buildPortal() {
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const portal = path.join(root, 'portal');
  execFileSync(
    process.execPath,
    [vite, 'build', portal, '--config', path.join(portal, 'vite.config.mjs'), '--logLevel', 'warn'],
    { cwd: root, stdio: 'inherit' },
  );
  compress(path.join(root, 'dist', 'portal'));
}

export async function build() {
  fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.json')], { cwd: root, stdio: 'inherit' });
  for (const name of fs.readdirSync(path.join(root, 'src'), { recursive: true }).map(String)) {
    if (!/\.(html|css|json|svg|cfg)$/.test(name) || name.includes('testdata')) continue;
    fs.mkdirSync(path.dirname(path.join(root, 'dist', name)), { recursive: true });
    fs.copyFileSync(path.join(root, 'src', name), path.join(root, 'dist', name));
  }
  buildPortal();
  await bundle(root);
  fs.writeFileSync(stamp, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--if-stale') && !stale()) console.log('dist/ is up to date');
  else {
    const begun = performance.now();
    await build();
    console.log(`built dist/ in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
}
