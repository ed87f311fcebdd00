// Installs the npm packages where they are missing or older than the lock file. No install scripts are run: nothing of
// ours needs them, and they are the usual way in for a poisoned package.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** The Node.js that serves where this one is older (bin/runtime.js): a folder of its own, because in ours its `node` would be the
 * one that runs every script of npm. */
const runtime = path.join(root, 'runtime');

function installed(folder) {
  const marker = path.join(folder, 'node_modules', '.package-lock.json');
  const lock = path.join(folder, 'package-lock.json');
  if (!fs.existsSync(marker)) return false;
  return !fs.existsSync(lock) || fs.statSync(marker).mtimeMs >= fs.statSync(lock).mtimeMs;
}

function installIn(folder) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  });
  const now = new Date();
  fs.utimesSync(path.join(folder, 'node_modules', '.package-lock.json'), now, now);
}

export function install() {
  if (!installed(root)) {
    console.log('Installing the npm packages (about ten seconds) …');
    installIn(root);
  }
  if (installed(runtime) || process.env.GRAINE_RUNTIME === 'own') return;
  console.log('Installing the Node.js that serves calls (52 MB; GRAINE_RUNTIME=own does without) …');
  try {
    installIn(runtime);
  } catch {
    const again = 'npm ci --ignore-scripts --prefix runtime';
    console.warn(`It could not be installed, so the one you have serves, ${process.version}. To try again: ${again}`);
    // The next start shall not wait for the same.
    fs.mkdirSync(path.join(runtime, 'node_modules'), { recursive: true });
    fs.writeFileSync(path.join(runtime, 'node_modules', '.package-lock.json'), '{}');
  }
}
