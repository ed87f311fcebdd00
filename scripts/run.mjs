// npm start, npm run demo, npm run bench: installs and builds what is missing, then runs.
//   node scripts/run.mjs start|demo|… [arguments]      the command of bin/graine
//   node scripts/run.mjs --bench [arguments]           bench/run.mjs
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stale } from './build.mjs';
import { install } from './install.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Graine needs Node.js 20.19 or later; this is ${process.version}.`);
  process.exit(1);
}

install();
if (stale()) {
  console.log('Building …');
  await build();
}
const args = process.argv.slice(2);
const target = args[0] === '--bench' ? ['bench/run.mjs', ...args.slice(1)] : ['bin/graine', ...args];
const child = spawn(process.execPath, ['--enable-source-maps', path.join(root, target[0]), ...target.slice(1)], {
  stdio: 'inherit',
});
// Ctrl-C reaches the child by itself (same terminal); a service manager signals only us.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
