/** A real rtpengine for tests: Debian's, in user space, on free loopback ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from '../../src/testing/index.ts';
import { ensureDebian } from './debian.ts';
import { freePort } from './ports.ts';

/** Why there is none: for the `skip` of tests. */
export type NoRtpengine = { readonly missing: string };

let ranges = 0;

export async function startRtpengine(options: { digits?: boolean } = {}): Promise<Rtpengine | NoRtpengine> {
  if (!ensureDebian(['rtpengine-daemon'])) {
    return { missing: 'rtpengine is not installed: apt-get install -y rtpengine-daemon' };
  }
  const engine = new Rtpengine(await freePort(), options.digits ?? true);
  await engine.start();
  return engine;
}

export class Rtpengine {
  readonly port: number;
  readonly #digits: boolean;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'graine-rtpengine-'));
  /** 200 ports above those of the kit's media workers, below the kernel's ephemeral ones. */
  readonly #low = 30_000 + (((process.pid % 6) * 800 + ranges++ * 200) % 2600);
  #server: ChildProcess | undefined;
  readonly #reap = (): void => void this.#server?.kill('SIGKILL');

  constructor(port: number, digits: boolean) {
    this.port = port;
    this.#digits = digits;
    process.once('exit', this.#reap);
  }

  get place(): string {
    return `udp://127.0.0.1:${this.port}`;
  }

  /** Is this one of its media ports? */
  has(port: number): boolean {
    return port >= this.#low && port < this.#low + 200;
  }

  /** Also after kill(): on the same port, with nothing of what it knew. */
  async start(): Promise<void> {
    const options = [
      '--foreground',
      '--table=-1',
      '--interface=127.0.0.1',
      `--listen-ng=127.0.0.1:${this.port}`,
      `--port-min=${this.#low}`,
      `--port-max=${this.#low + 199}`,
      '--log-stderr',
      '--log-level=5',
      '--pidfile=/dev/null',
      '--config-file=none',
      '--num-threads=2',
      ...(this.#digits ? [`--listen-tcp-ng=127.0.0.1:${this.port}`, '--dtmf-log-ng-tcp'] : []),
    ];
    // setpriv ends it when this process is killed.
    this.#server = spawn('setpriv', ['--pdeathsig', 'KILL', 'rtpengine', ...options], {
      cwd: this.#folder,
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 100; tries++) {
      if ((await this.ask('d7:command4:pinge').catch(() => '')).includes('pong')) return;
      await after(50);
    }
    throw new Error('rtpengine does not start');
  }

  /** The answer to a bencoded command, as text. */
  async ask(command: string): Promise<string> {
    const socket = dgram.createSocket('udp4');
    try {
      await new Promise<void>((resolve) => socket.connect(this.port, '127.0.0.1', resolve));
      const answer = Promise.race([
        once(socket, 'message'),
        after(300).then(() => Promise.reject(new Error('no answer'))),
      ]);
      socket.send(`kit${Math.random().toString(36).slice(2)} ${command}`);
      const [bytes] = (await answer) as [Buffer];
      return bytes.toString('latin1');
    } finally {
      socket.close();
    }
  }

  /** How many calls it knows. */
  async calls(): Promise<number> {
    const answer = await this.ask('d7:command4:liste');
    return [...answer.matchAll(/\d+:(?!calls|result|ok)[\w-]{6,}/g)].length;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }

  /** It hangs: nothing is answered, nothing is relayed. */
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
