// npm test: everything, from a bare clone. Installs npm packages, and Debian packages when root; builds; runs the gate,
// the unit tests, the wire stories with real clients, and the demo. Ends with the totals of all test runs.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { check, nodeTests, testsUnder } from './check.mjs';
import { install } from './install.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const debian = ['sip-tester', 'baresip', 'tcpdump', 'tshark', 'postgresql', 'chromium', 'ffmpeg', 'espeak-ng', 'redis-server', 'libsrtp2-1'];

function installDebian() {
  const missing = debian.filter((name) => {
    const found = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
    return found.status !== 0 || !found.stdout.includes('ok installed');
  });
  if (missing.length === 0) return;
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) {
    console.error(`The tests talk to real clients. Please run:\n  sudo ${line}`);
    process.exit(1);
  }
  console.log(`Installing from Debian: ${missing.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = () => spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (apt()) return;
  // The lists of a fresh machine are old or absent.
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (!apt()) {
    console.error(`Could not install them. Please run:\n  ${line}`);
    process.exit(1);
  }
}

/** Runs tests, showing what fails as it fails; resolves with the counts. */
function runTests(title, files, { concurrency }) {
  console.log(`\n── ${title} (${files.length} files)`);
  const [command, args] = nodeTests(files, { concurrency, timeout: 180_000, extra: ['--test-reporter=tap'] });
  return new Promise((resolve) => {
    const counts = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    let showing = false;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const total = /^# (tests|pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line);
        if (total !== null) counts[total[1]] = Number(total[2]);
        if (/^\s*not ok /.test(line)) showing = true;
        else if (/^\s*(ok |# Subtest)/.test(line)) showing = false;
        if (/# SKIP/.test(line)) console.log(line.trim());
        if (showing) console.log(line);
      }
    });
    child.on('exit', (code) => {
      if (code !== 0 && counts.fail + counts.cancelled === 0) counts.fail++;
      console.log(`${counts.pass} passed, ${counts.fail + counts.cancelled} failed, ${counts.skipped} skipped`);
      resolve(counts);
    });
  });
}

install();
installDebian();
build();
const gate = check({ tests: false });
const totals = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
for (const [title, files, concurrency] of [
  ['unit tests', testsUnder('src'), 2],
  ['wire stories, real clients, documents', testsUnder('test'), 2],
]) {
  const counts = await runTests(title, files, { concurrency });
  for (const name of Object.keys(totals)) totals[name] += counts[name];
}
console.log('\n── npm run demo');
let demo = true;
try {
  execFileSync(process.execPath, ['scripts/run.mjs', 'demo'], { cwd: root, stdio: 'inherit' });
} catch {
  demo = false;
}
console.log(`\ngate ${gate ? 'ok' : 'FAILED'}, demo ${demo ? 'ok' : 'FAILED'}`);
for (const [name, count] of Object.entries(totals)) console.log(`# ${name} ${count}`);
process.exit(gate && demo && totals.fail + totals.cancelled === 0 ? 0 : 1);
