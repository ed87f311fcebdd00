// Which Node.js serves: bin/runtime.js, docs/decisions/0031-own-runtime.md
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { flags, runtime } from '../kit/runtime.ts';

const root = path.join(import.meta.dirname, '..', '..');
const bin = path.join(root, 'bin');

/** A copy of bin/ with a program in place of the server: it says what it runs on and ends when its input does. */
function installation(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'graine-runtime-'));
  cpSync(bin, path.join(folder, 'bin'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  symlinkSync(path.join(root, 'runtime'), path.join(folder, 'runtime'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  mkdirSync(path.join(folder, 'dist', 'cli'), { recursive: true });
  const program = `
    const { pid, execPath, execArgv, argv, env } = process;
    process.stdout.write(JSON.stringify({ pid, execPath, execArgv, argv: argv.slice(2), word: env.WORD }) + '\\n');
    process.stderr.write('heard\\n');
    process.stdin.on('data', (words) => process.stdout.write(words));`;
  writeFileSync(path.join(folder, 'dist', 'cli', 'main.js'), program);
  return folder;
}

interface Told {
  readonly pid: number;
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly word?: string;
}

/** What it says it runs on. */
function run(
  folder: string,
  { env = {}, command = 'start' }: { env?: NodeJS.ProcessEnv; command?: string } = {},
): Told {
  const { stdout, stderr, status, pid } = spawnSync(
    process.execPath,
    ['--no-warnings', path.join(folder, 'bin', 'graine'), command, '--config', 'ä b.yaml'],
    { encoding: 'utf8', input: 'and echoes', env: { ...process.env, GRAINE_RUNTIME: '', WORD: 'Straße', ...env } },
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, /heard/);
  const [line = '', rest] = stdout.split('\n');
  assert.equal(rest, 'and echoes', 'all three standard streams are still there');
  const told = JSON.parse(line) as Told;
  assert.equal(told.pid, pid, 'the same process');
  assert.deepEqual(told.argv, [command, '--config', 'ä b.yaml']);
  assert.equal(told.word, 'Straße');
  assert.ok(told.execArgv.includes('--no-warnings'), 'flags of one’s own are kept');
  return told;
}

const linux = process.platform === 'linux';

test(
  'start and edge go on as the Node.js that came with Graine, in the same process',
  { skip: linux ? false : 'Linux only' },
  (t) => {
    const folder = installation();
    t.after(() => rmSync(folder, { recursive: true }));
    for (const command of ['start', 'edge']) {
      const told = run(folder, { command });
      assert.equal(told.execPath, runtime());
      for (const flag of flags) assert.ok(told.execArgv.includes(flag), flag);
    }
    assert.equal(run(folder, { command: 'calls' }).execPath, process.execPath, 'a question of a moment does not');
  },
);

test('GRAINE_RUNTIME=own keeps the one that was called', (t) => {
  const folder = installation();
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(run(folder, { env: { GRAINE_RUNTIME: 'own' } }).execPath, process.execPath);
});

test('without one, the Node.js that was called serves, with the flags', { skip: linux ? false : 'Linux only' }, (t) => {
  const folder = installation();
  t.after(() => rmSync(folder, { recursive: true }));
  rmSync(path.join(folder, 'runtime'));
  const told = run(folder);
  assert.equal(told.execPath, process.execPath);
  for (const flag of flags) assert.ok(told.execArgv.includes(flag), flag);
});

test('one that cannot run on this machine is left alone', { skip: linux ? false : 'Linux only' }, (t) => {
  const folder = installation();
  t.after(() => rmSync(folder, { recursive: true }));
  rmSync(path.join(folder, 'runtime'));
  const wrong = path.join(folder, 'runtime', 'node_modules', `node-${process.platform}-${process.arch}`);
  mkdirSync(path.join(wrong, 'bin'), { recursive: true });
  writeFileSync(path.join(wrong, 'package.json'), '{ "version": "99.0.0" }');
  // As where its loader is missing: a glibc binary on musl.
  writeFileSync(path.join(wrong, 'bin', 'node'), '#!/no/such/loader\n', { mode: 0o755 });
  const told = run(folder);
  assert.equal(told.execPath, process.execPath);
  assert.ok(told.execArgv.includes(flags[0] ?? ''));
});

test('a channel to the parent is not cut: who forks it keeps the Node.js that was called', async (t) => {
  const folder = installation();
  t.after(() => rmSync(folder, { recursive: true }));
  const child: ChildProcess = spawn(process.execPath, [path.join(folder, 'bin', 'graine'), 'start'], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
  });
  const line = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  assert.equal((JSON.parse(line) as Told).execPath, process.execPath);
  assert.ok(child.connected);
  child.kill();
  await new Promise((resolve) => child.once('exit', resolve));
});

test(
  'the repository brings one for this machine',
  { skip: !linux || !/^(?:x64|arm64)$/.test(process.arch) ? 'none is made for it' : false },
  (t) => {
    if (!existsSync(path.join(root, 'runtime', 'node_modules', `node-linux-${process.arch}`))) {
      t.skip('it is not installed: npm ci --ignore-scripts --prefix runtime');
      return;
    }
    const wanted = JSON.parse(readFileSync(path.join(root, 'runtime', 'package.json'), 'utf8')) as {
      readonly optionalDependencies: Readonly<Record<string, string>>;
    };
    const { stdout } = spawnSync(runtime(), ['--version'], { encoding: 'utf8' });
    assert.equal(stdout.trim(), `v${wanted.optionalDependencies[`node-linux-${process.arch}`]}`);
  },
);
