// `npm start`: with graine.yaml, without it, and with one that is wrong. interface.md §1 and §2.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { after, at, Journal, kitConfig, Phone } from '../kit/index.ts';

const script = path.join(import.meta.dirname, '..', '..', 'scripts', 'run.mjs');
let folder = '';
let running: Started | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'graine-start-'));
});
afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.exit;
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

class Started {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  readonly #lines = new Journal<string>();
  #output = '';

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [script, 'start', ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#lines.add(this.#output);
      });
    this.exit = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until it printed this. It may have to build first. */
  async printed(what: RegExp): Promise<RegExpExecArray> {
    const dead = this.exit.then((code) => Promise.reject(new Error(`it exited with ${code}:\n${this.#output}`)));
    const story = (): string => this.#output;
    await Promise.race([
      dead,
      this.#lines.until((all) => what.test(all), { what: String(what), within: 60_000, story }),
    ]);
    const match = what.exec(this.#output);
    assert.ok(match !== null);
    return match;
  }
}

function start(...args: string[]): Started {
  return (running = new Started(...args));
}

/** Another server of somebody on this machine may hold the default ports for a while. */
async function free(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const server = net.createServer();
    const bound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (bound) return;
    await after(50);
  }
  assert.fail(`port ${port} stays taken by another process`);
}

async function answers(url: string, status: number): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  assert.equal(response.status, status, `${url}: ${text}`);
  return text;
}

async function endsWell(server: Started): Promise<void> {
  server.child.kill('SIGTERM');
  assert.equal(await server.exit, 0, server.output);
}

test(
  'without graine.yaml: the demo configuration, all a newcomer needs on the screen, SIGTERM exits 0',
  { timeout: 120_000 },
  async () => {
    await free(5060);
    await free(3000);
    const server = start();
    const [, token = ''] = await server.printed(/admin token\s+(\S+)\n/);
    assert.match(server.output, /configuration\s+built-in demo/);
    assert.match(server.output, /SIP\s+udp:\/\/127\.0\.0\.1:5060\n/);
    assert.match(server.output, /SIP\s+tcp:\/\/127\.0\.0\.1:5060\n/);
    assert.match(server.output, /demo user\s+sip:alice@\S+\s+password alice-demo\n/);
    assert.match(server.output, /demo user\s+sip:bob@\S+\s+password bob-demo\n/);
    const [, url = ''] = await server.printed(/REST\s+(http:\/\/127\.0\.0\.1:3000)\/v1/);
    await answers(`${url}/healthz`, 200);
    await answers(`${url}/readyz`, 200);
    await answers(`${url}/v1/Accounts`, 401);
    const accounts = await fetch(`${url}/v1/Accounts`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(accounts.status, 200, 'the printed token opens the API');
    assert.match(await accounts.text(), /"demo"/);
    await endsWell(server);
  },
);

test(
  'with graine.yaml in the folder: its addresses, no demo user, no token that is in the file',
  { timeout: 120_000 },
  async () => {
    const { config, sipPort, httpPort } = await kitConfig({
      accounts: [
        { name: 'ours', clients: [{ username: 'ann', password: 'ann-secret' }], sip_realm: 'ours.example.test' },
      ],
    });
    writeFileSync(path.join(folder, 'graine.yaml'), JSON.stringify(config, null, 2));
    const server = start();
    await server.printed(new RegExp(`SIP\\s+udp://127\\.0\\.0\\.1:${sipPort}\n`));
    await server.printed(/health\s+http/);
    assert.match(server.output, /configuration\s+\S*graine\.yaml\n/);
    assert.doesNotMatch(server.output, /ann-secret|kit-token|demo user/);
    await answers(`http://127.0.0.1:${httpPort}/healthz`, 200);
    await endsWell(server);
  },
);

test('nobody reads its output any more: it serves on, and SIGTERM still ends it', { timeout: 120_000 }, async () => {
  const { config, sipPort, httpPort } = await kitConfig();
  writeFileSync(path.join(folder, 'graine.yaml'), JSON.stringify(config));
  const server = start();
  await server.printed(/health\s+http/);
  server.child.stdout?.destroy();
  server.child.stderr?.destroy();
  // Each call is a line of the log.
  const phone = await Phone.listen();
  await phone.invites(at('nobody', { host: '127.0.0.1', port: sipPort })).refused();
  await phone.close();
  await answers(`http://127.0.0.1:${httpPort}/healthz`, 200);
  await endsWell(server);
});

test('--config names another file', { timeout: 120_000 }, async () => {
  const { config, httpPort } = await kitConfig();
  writeFileSync(path.join(folder, 'graine.yaml'), 'nonsense: true\n');
  writeFileSync(path.join(folder, 'other.yaml'), JSON.stringify(config));
  const server = start('--config', 'other.yaml');
  await server.printed(/configuration\s+\S*other\.yaml\n/);
  await server.printed(/health\s+http/);
  await answers(`http://127.0.0.1:${httpPort}/healthz`, 200);
  await endsWell(server);
});

test(
  'a graine.yaml that is wrong: every fault with its line, nothing started, exit 1',
  { timeout: 120_000 },
  async () => {
    const yaml = [
      'sip:', //                                        1
      '  listen: ["udp://127.0.0.1:99999"]', //         2
      '  domian: voice.example.test', //                3
      'media:', //                                      4
      '  ports: many', //                               5
      'accounts:', //                                   6
      '  - name: ours', //                              7
      '    max_calls: 0', //                            8
      '    carriers:', //                               9
      '      - name: acme', //                         10
      '        gateways: [{ host: "", port: 5060 }]', // 11
      'nonsense: true', //                             12
      '',
    ];
    writeFileSync(path.join(folder, 'graine.yaml'), yaml.join('\n'));
    const server = start();
    assert.equal(await server.exit, 1, server.output);
    for (const [line, about] of [
      [2, 'listen'],
      [3, 'domian'],
      [5, 'ports'],
      [8, 'max_calls'],
      [11, 'host'],
      [12, 'nonsense'],
    ] as const)
      assert.match(server.output, new RegExp(`line ${line}: .*${about}`), server.output);
    assert.match(server.output, /did you mean .*domain/i);
    assert.doesNotMatch(server.output, /\n\s+at /, 'no stack trace');
  },
);

test('a file that is not there: named, exit 1', { timeout: 120_000 }, async () => {
  const server = start('--config', 'absent.yaml');
  assert.equal(await server.exit, 1);
  assert.match(server.output, /absent\.yaml/);
});
