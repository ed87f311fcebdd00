/** A real rtpengine for tests: Debian's, in user space, on free loopback ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from '../../src/testing/index.ts';
import { ended } from './ended.ts';
import { ensureDebian } from './debian.ts';
import { freePort, otherMediaPorts } from './ports.ts';

/** Why there is none: for the `skip` of tests. */
export type NoRtpengine = { readonly missing: string };

/** `ports`: first and last of its media, where 400 are not enough. */
export type RtpengineOptions = { readonly digits?: boolean; readonly ports?: readonly [number, number] };

export async function startRtpengine(options: RtpengineOptions = {}): Promise<Rtpengine | NoRtpengine> {
  if (!ensureDebian(['rtpengine-daemon'])) {
    return { missing: 'rtpengine is not installed: apt-get install -y rtpengine-daemon' };
  }
  const { digits = true, ports = await otherMediaPorts() } = options;
  const engine = new Rtpengine(await freePort(), { digits, ports });
  await engine.start();
  return engine;
}

/** How long it may think about a command, ms: the machine may be busy. Where nothing listens the kernel says so at once. */
const patience = 3000;

export class Rtpengine {
  readonly port: number;
  readonly #digits: boolean;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'graine-rtpengine-'));
  readonly #low: number;
  readonly #high: number;
  #server: ChildProcess | undefined;
  readonly #reap = (): void => void this.#server?.kill('SIGKILL');

  constructor(port: number, { digits, ports }: Required<RtpengineOptions>) {
    this.port = port;
    this.#digits = digits;
    [this.#low, this.#high] = ports;
    process.once('exit', this.#reap);
  }

  get place(): string {
    return `udp://127.0.0.1:${this.port}`;
  }

  /** Is this one of its media ports? */
  has(port: number): boolean {
    return port >= this.#low && port <= this.#high;
  }

  /** Also after kill(): on the same port, with nothing of what it knew. */
  async start(): Promise<void> {
    const options = [
      '--foreground',
      '--table=-1',
      '--interface=127.0.0.1',
      `--listen-ng=127.0.0.1:${this.port}`,
      `--port-min=${this.#low}`,
      `--port-max=${this.#high}`,
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
        after(patience).then(() => Promise.reject(new Error(`rtpengine says nothing to ${command}`))),
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
    return (await this.#ids()).length;
  }

  /** Of those, the ones whose far ends hear each other and no worker. */
  async direct(): Promise<number> {
    let count = 0;
    for (const id of await this.#ids()) {
      const said = await this.ask(`d7:call-id${id.length}:${id}7:command5:querye`);
      if ((said.match(/3:tag\d+:far-[\w~-]+?7:createdi\d+e13:subscriptionsld3:tag\d+:far-/g) ?? []).length === 2)
        count++;
    }
    return count;
  }

  async #ids(): Promise<string[]> {
    const [, list = ''] = (await this.ask('d7:command4:liste')).split('5:callsl');
    const ids: string[] = [];
    for (let at = 0; /\d/.test(list[at] ?? '');) {
      const colon = list.indexOf(':', at);
      at = colon + 1 + Number(list.slice(at, colon));
      ids.push(list.slice(colon + 1, at));
    }
    return ids;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await ended(server, 'SIGKILL');
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
