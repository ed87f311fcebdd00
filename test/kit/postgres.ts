/** A real PostgreSQL for tests: Debian's, as a cluster of its own in a temporary folder, on a free loopback port. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { ended } from './ended.ts';
import { freePort } from './ports.ts';

export interface Postgres {
  readonly pid: number;
  /** A fresh, empty database. */
  database(): Promise<string>;
  /** Ends the server as a crash would: connections break, what was committed stays. */
  stop(): Promise<void>;
  /** Starts it again, on the same port with the same data. */
  start(): Promise<void>;
  /** Stops it for good and removes its folder. */
  remove(): Promise<void>;
}

/** Why there is none: for the `skip` of tests. */
export type NoPostgres = { readonly missing: string };

const isRoot = process.getuid?.() === 0;

export async function startPostgres(): Promise<Postgres | NoPostgres> {
  const bin = findBin() ?? installBin();
  if (bin === undefined) {
    const missing = 'PostgreSQL is not installed: apt-get install -y postgresql';
    console.log(`# skipped: ${missing}`);
    return { missing };
  }
  const cluster = new Cluster(bin, await freePort());
  await cluster.start();
  return cluster;
}

function findBin(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((each) => path.join(root, each, 'bin')).find((each) => existsSync(path.join(each, 'initdb')));
}

function installBin(): string | undefined {
  if (!isRoot || !existsSync('/usr/bin/apt-get')) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], { env }).status === 0;
  if (!install()) {
    spawnSync('apt-get', ['update'], { env });
    install();
  }
  return findBin();
}

class Cluster implements Postgres {
  readonly #bin: string;
  readonly #port: number;
  readonly #folder: string;
  /** PostgreSQL refuses to run as root; setpriv also ends it when this process is killed. */
  readonly #as: string[];
  #server: ChildProcess | undefined;
  #databases = 0;
  readonly #reap = (): void => void this.#server?.kill('SIGQUIT');

  constructor(bin: string, port: number) {
    this.#bin = bin;
    this.#port = port;
    this.#folder = mkdtempSync(path.join(os.tmpdir(), 'graine-pg-'));
    this.#as = ['setpriv', '--pdeathsig', 'QUIT'];
    if (isRoot) {
      const uid = Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' }));
      const gid = Number(execFileSync('id', ['-g', 'postgres'], { encoding: 'utf8' }));
      chownSync(this.#folder, uid, gid);
      this.#as.push(`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups');
    }
    this.#run(
      'initdb',
      '-D',
      this.#data,
      '-A',
      'trust',
      '-U',
      'graine',
      '-E',
      'UTF8',
      '--no-sync',
      '--no-instructions',
    );
    process.once('exit', this.#reap);
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  get #data(): string {
    return path.join(this.#folder, 'data');
  }

  async start(): Promise<void> {
    const [command = '', ...as] = this.#as;
    const options = [
      '-D',
      this.#data,
      '-p',
      String(this.#port),
      '-h',
      '127.0.0.1',
      '-k',
      this.#folder,
      '-c',
      'fsync=off',
    ];
    const server = spawn(command, [...as, path.join(this.#bin, 'postgres'), ...options], {
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { LC_ALL: 'C.UTF-8' },
    });
    this.#server = server;
    const heard: string[] = [];
    for await (const line of createInterface({ input: server.stderr })) {
      heard.push(line);
      if (!line.includes('ready to accept connections')) continue;
      server.stderr.resume();
      return;
    }
    throw new Error(`PostgreSQL does not start:\n${heard.join('\n')}`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await ended(server, 'SIGQUIT');
  }

  async remove(): Promise<void> {
    await this.stop();
    process.off('exit', this.#reap);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async database(): Promise<string> {
    const name = `test${++this.#databases}`;
    const client = new Client({ connectionString: this.#url('postgres') });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return this.#url(name);
  }

  #url(database: string): string {
    return `postgres://graine@127.0.0.1:${this.#port}/${database}`;
  }

  #run(program: string, ...options: string[]): void {
    const [command = '', ...as] = this.#as;
    const done = spawnSync(command, [...as, path.join(this.#bin, program), ...options], {
      cwd: this.#folder,
      encoding: 'utf8',
      env: { LC_ALL: 'C.UTF-8' },
    });
    if (done.status !== 0) throw new Error(`${program} failed: ${done.stderr}`);
  }
}
