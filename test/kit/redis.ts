/** A real Redis for tests: Debian's, on a free loopback port, in a temporary folder, keeping nothing on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { ended } from './ended.ts';
import { ensureDebian } from './debian.ts';
import { freePort } from './ports.ts';

/** Why there is none: for the `skip` of tests. */
export type NoRedis = { readonly missing: string };

/** Loopback addresses it answers at: a test may close one to one node. */
const roads = ['127.0.0.1', '127.0.0.3'];

export async function startRedis(): Promise<RedisServer | NoRedis> {
  if (!ensureDebian(['redis-server'])) return { missing: 'Redis is not installed: apt-get install -y redis-server' };
  const server = new RedisServer(await freePort());
  await server.start();
  return server;
}

export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'graine-redis-'));
  #server: ChildProcess | undefined;
  readonly #reap = (): void => void this.#server?.kill('SIGKILL');

  constructor(port: number) {
    this.port = port;
    process.once('exit', this.#reap);
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** The same server by another road. */
  urlBy(address: string): string {
    return `redis://${address}:${this.port}`;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How many calls stand in it, whoever has them. */
  async standing(): Promise<number> {
    const client = new Redis(this.url);
    const keys = await client.keys('graine:standing:*');
    const counts = await Promise.all(keys.map((key) => client.hlen(key)));
    client.disconnect();
    return counts.reduce((sum, each) => sum + each, 0);
  }

  /** Also after kill(): on the same port, with nothing of what it knew. */
  async start(): Promise<void> {
    const options = [
      '--port',
      String(this.port),
      '--bind',
      ...roads,
      '--protected-mode',
      'no',
      '--save',
      '',
      '--dir',
      this.#folder,
    ];
    // setpriv ends it when this process is killed.
    const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'redis-server', ...options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#server = server;
    const heard: string[] = [];
    for await (const line of createInterface({ input: server.stdout })) {
      heard.push(line);
      if (!line.includes('Ready to accept connections')) continue;
      server.stdout.resume();
      return;
    }
    throw new Error(`Redis does not start:\n${heard.join('\n')}`);
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await ended(server, 'SIGKILL');
  }

  /** It hangs: connections stay, nothing is answered. */
  pause(): void {
    this.#server?.kill('SIGSTOP');
  }

  resume(): void {
    this.#server?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.kill();
    process.off('exit', this.#reap);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
