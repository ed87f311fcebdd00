// npm test: everything, from a bare clone. Installs npm packages, and Debian packages when root; builds; runs the gate,
// the unit tests, the wire stories with real clients, and the demo. Ends with the totals of all test runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { check, testsUnder } from './check.mjs';
import { compileTests } from './compile-tests.mjs';
import { install } from './install.mjs';
import { failuresAgain, runAgain, runTests } from './runner.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const debian = [
  'sip-tester',
  'baresip',
  'tcpdump',
  'tshark',
  'postgresql',
  'chromium',
  'ffmpeg',
  'espeak-ng',
  'redis-server',
  'libsrtp2-1',
  'kamailio',
  'kamailio-tls-modules',
  'kamailio-websocket-modules',
  'rtpengine-daemon',
  'iptables',
];

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
  const apt = () =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    }).status === 0;
  if (apt()) return;
  // The lists of a fresh machine are old or absent.
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (!apt()) {
    console.error(`Could not install them. Please run:\n  ${line}`);
    process.exit(1);
  }
}

/** So that the end does not wait for one, and browsers are not all at once; those that are not in the list take less. */
function longestFirst(files) {
  const longest = JSON.parse(readFileSync(path.join(root, 'scripts', 'longest.json'), 'utf8'));
  return [...longest.filter((each) => files.includes(each)), ...files.filter((each) => !longest.includes(each))];
}

install();
installDebian();
await build();
const gate = check({ tests: false });
const unit = testsUnder('src');
const stories = longestFirst(testsUnder('test'));
const compiled = await compileTests([...unit, ...stories]);
const failures = [];
const unsteady = [];
const totals = { tests: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
for (const [title, files, concurrency] of [
  ['unit tests', unit, 2],
  ['wire stories, real clients, documents', stories, 3],
]) {
  const options = { concurrency, timeout: 240_000, compiled };
  const ran = await runAgain(await runTests(title, files, options), options);
  for (const name of Object.keys(totals)) totals[name] += ran.counts[name];
  failures.push(...ran.failures);
  unsteady.push(...ran.unsteady);
}
console.log('\n── npm run demo');
let demo = true;
try {
  execFileSync(process.execPath, ['scripts/run.mjs', 'demo'], { cwd: root, stdio: 'inherit' });
} catch {
  demo = false;
}
if (unsteady.length > 0)
  console.log(`\n── unsteady: failed beside others, passed alone; to be mended\n${failuresAgain(unsteady)}`);
if (failures.length > 0) console.log(`\n── what failed, once more\n${failuresAgain(failures)}`);
console.log(`\ngate ${gate ? 'ok' : 'FAILED'}, demo ${demo ? 'ok' : 'FAILED'}`);
for (const [name, count] of Object.entries(totals)) console.log(`# ${name} ${count}`);
if (unsteady.length > 0) console.log(`# unsteady ${unsteady.length}`);
process.exit(gate && demo && totals.fail + totals.cancelled === 0 ? 0 : 1);
