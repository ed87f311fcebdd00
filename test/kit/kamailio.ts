/** A real Kamailio for tests: Debian's, with the configuration that `graine edge` writes, on free loopback ports. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type Edge,
  type EdgeFile,
  type EdgeTransport,
  renderEdge,
  renderSecret,
  secretFile,
} from '../../src/edge/index.ts';
import { ended } from './ended.ts';
import { certificateFile } from './certificates.ts';
import { ensureDebian } from './debian.ts';
import { Looks } from './looks.ts';
import { freePort } from './ports.ts';

/** Why there is none: for the `skip` of tests. */
export type NoKamailio = { readonly missing: string };

const packages = ['kamailio', 'kamailio-tls-modules', 'kamailio-websocket-modules'];

/** `nodes`: host:port of UDP listeners, here or in processes of their own. They may start later. */
export async function startKamailio(
  options: { nodes: readonly string[] } & Partial<Edge>,
): Promise<Kamailio | NoKamailio> {
  if (!ensureDebian(packages)) return { missing: `apt-get install -y ${packages.join(' ')}` };
  const ports = { sip: await freePort(), tls: await freePort(), ws: await freePort(), wss: await freePort() };
  const inside = await freePort();
  const edge = new Kamailio(ports, { inside: { address: '127.0.0.1', port: inside }, ...options });
  await edge.start();
  return edge;
}

/** Where the world reaches it. */
function places(edge: Kamailio): string[] {
  const ports = (['udp', 'tls', 'ws', 'wss'] as const).map((each) => edge.portOf(each));
  return [...new Set(ports)].map((port) => `${edge.host}:${port}`);
}

export class Kamailio {
  readonly host = '127.0.0.1';
  /** UDP and TCP of the outside. */
  readonly port: number;
  readonly #ports: Record<'sip' | 'tls' | 'ws' | 'wss', number>;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'graine-edge-'));
  #edge: Edge;
  #server: ChildProcess | undefined;
  #output = '';
  readonly #reap = (): void => void this.#server?.kill('SIGTERM');

  constructor(
    ports: Record<'sip' | 'tls' | 'ws' | 'wss', number>,
    options: { nodes: readonly string[] } & Partial<Edge>,
  ) {
    this.port = ports.sip;
    this.#ports = ports;
    const at = (transport: EdgeTransport, port: number) => ({ transport, address: this.host, port });
    this.#edge = {
      listen: [
        at('udp', ports.sip),
        at('tcp', ports.sip),
        at('tls', ports.tls),
        at('ws', ports.ws),
        at('wss', ports.wss),
      ],
      inside: { address: this.host, port: ports.sip },
      tls: { cert: certificateFile('server'), key: certificateFile('server.key') },
      peers: [],
      origins: [],
      // Phones of the stories live at 127.0.0.1, hostile sources elsewhere.
      never: ['127.0.0.1'],
      banSeconds: 600,
      faults: 10,
      messageBytes: 65_535,
      strangerRate: 200,
      pingSeconds: 1,
      pingsLost: 1,
      patienceMs: 1500,
      workers: 2,
      folder: this.#folder,
      control: path.join(this.#folder, 'control'),
      secret: 'of-all-the-edges-in-this-test-and-no-other',
      ...options,
    };
    process.once('exit', this.#reap);
  }

  /** Where nodes reach it: `sip.outbound_edge` of those whose calls to carriers leave through it. */
  get inside(): string {
    const { address, port } = this.#edge.inside;
    return `${address}:${port}`;
  }

  /** What a node needs in `sip` of its configuration. */
  get node(): { edges: string[] } {
    return { edges: [this.host] };
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  get sip(): { host: string; port: number } {
    return { host: this.host, port: this.port };
  }

  portOf(transport: EdgeTransport): number {
    return transport === 'udp' || transport === 'tcp' ? this.#ports.sip : this.#ports[transport];
  }

  /** What it logged. */
  get output(): string {
    return this.#output;
  }

  /** The text of a file as it was written. */
  file(name: EdgeFile): string {
    return readFileSync(path.join(this.#folder, name), 'utf8');
  }

  async start(): Promise<void> {
    this.#write();
    const main = path.join(this.#folder, 'kamailio.cfg');
    // The main process ends its children on SIGTERM, and setpriv sends that when this process is killed.
    const args = ['-DD', '-E', '-e', '-f', main, '-Y', this.#folder, '-m', '64', '-M', '8'];
    const server = spawn('setpriv', ['--pdeathsig', 'TERM', 'kamailio', ...args], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#server = server;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-200_000);
    };
    server.stdout.on('data', keep);
    server.stderr.on('data', keep);
    const looks = new Looks(30_000, 50);
    do {
      if (server.exitCode !== null) throw new Error(`kamailio exited with ${server.exitCode}:\n${this.#output}`);
      if ((await this.command('core.uptime')).includes('uptime')) return;
    } while (await looks.again());
    throw new Error(`kamailio does not start:\n${this.#output}`);
  }

  /** From its next start on it takes what these edges wrote into a Route for its own. */
  standsInFor(...others: readonly Kamailio[]): void {
    this.#edge = { ...this.#edge, peers: others.flatMap((each) => [...places(each), each.inside]) };
  }

  /** Other nodes, read by the running server. */
  async reload(nodes: readonly string[]): Promise<void> {
    this.#edge = { ...this.#edge, nodes };
    this.#write();
    // It reads them once a second at most.
    const looks = new Looks(10_000, 100);
    while ((await this.command('dispatcher.reload')).includes('error')) if (!(await looks.again())) return;
  }

  /** The answer to a command of kamcmd, as text. A node of this process answers the edge's OPTIONS meanwhile: else who asks what
   * the edge thinks of it changes that. */
  command(...words: string[]): Promise<string> {
    return new Promise((answered) => {
      const options = { encoding: 'utf8', timeout: 10_000 } as const;
      execFile('kamcmd', ['-s', this.#control, ...words], options, (_, out, err) => answered(`${out}${err}`));
    });
  }

  get #control(): string {
    return `unix:${path.join(this.#folder, 'control')}`;
  }

  /** Nodes that take calls, as host:port, in an answer of dispatcher.list. */
  #living(list: string): string[] {
    return [...list.matchAll(/URI: sip:(\S+?)(?:;\S*)?\s+FLAGS: (\w+)/g)].flatMap(([, place = '', flags = '']) =>
      flags.startsWith('A') ? [place] : [],
    );
  }

  /** Waits until exactly these take calls. */
  async until(nodes: readonly string[], within = 10_000): Promise<void> {
    const wanted = nodes.toSorted().join(' ');
    let list = '';
    let now = '';
    const looks = new Looks(within, 100);
    do {
      list = await this.command('dispatcher.list');
      now = this.#living(list).toSorted().join(' ');
      if (now === wanted) return;
    } while (await looks.again());
    throw new Error(`the edge sends calls to '${now}', not to '${wanted}':\n${list}`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await ended(server, 'SIGTERM');
  }

  async remove(): Promise<void> {
    await this.stop();
    process.off('exit', this.#reap);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(): void {
    const files = { ...renderEdge(this.#edge), [secretFile]: renderSecret(this.#edge) };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(this.#folder, name), text);
  }
}
