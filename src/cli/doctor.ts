/** `graine doctor`: is this machine fit for it, is the configuration sound, does the server answer? Every finding says
 * what to do. */
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { messageOf } from '../base/index.ts';
import { probe } from './client.ts';
import { checkTls } from './doctor-tls.ts';
import { type Io, painter } from './io.ts';

type Config = ReturnType<(typeof import('../main.ts'))['loadConfig']>;

export type Finding = {
  readonly state: 'good' | 'doubt' | 'bad';
  readonly what: string;
  readonly fix?: string;
};

const good = (what: string): Finding => ({ state: 'good', what });
const doubt = (what: string, fix: string): Finding => ({ state: 'doubt', what, fix });
const bad = (what: string, fix: string): Finding => ({ state: 'bad', what, fix });

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return fits ? good(`Node.js ${version}`) : bad(`Node.js ${version} is too old`, 'Install Node.js 20.19 or newer');
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Open files: a call takes four sockets, a TCP phone one. */
export function checkFiles(limits: string | undefined, ports: number): Finding {
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(soft)) return doubt('the limit of open files cannot be read', 'Check it with: ulimit -n');
  const wanted = Math.min(ports, 50_000) + 1024;
  if (soft >= wanted) return good(`open files: ${soft}`);
  return doubt(`open files: ${soft}; all media ports together need ${wanted}`, `Raise it: ulimit -n ${wanted}`);
}

function checkReceiveBuffer(): Finding {
  const size = Number(readText('/proc/sys/net/core/rmem_max') ?? Number.NaN);
  if (Number.isNaN(size))
    return doubt('not Linux: the batched media path is not available', 'Plain sockets are used instead');
  if (size >= 1_048_576) return good(`receive buffers up to ${Math.round(size / 1024)} KiB`);
  return doubt(
    `receive buffers are limited to ${Math.round(size / 1024)} KiB: bursts of SIP may be lost`,
    'sysctl -w net.core.rmem_max=4194304',
  );
}

function checkMachine(): Finding {
  const memory = Math.round(os.totalmem() / 1024 ** 2);
  const what = `${os.availableParallelism()} cores, ${memory} MiB of memory, ${os.type()} ${os.release()}`;
  return memory >= 512 ? good(what) : doubt(what, 'At least 512 MiB is advised');
}

function udpFree(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (fault) => resolve(messageOf(fault)));
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function tcpFree(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (fault) => resolve(messageOf(fault)));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function checkPorts(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  const wanted = config.sip.listen.map((each) => ({ ...each, transport: each.transport as string }));
  wanted.push({ transport: 'http', ...config.http.listen });
  for (const { transport, address, port } of wanted) {
    const fault = await (transport === 'udp' ? udpFree : tcpFree)(address, port);
    const name = `${transport} ${address}:${port}`;
    findings.push(
      fault === undefined
        ? good(`${name} is free`)
        : bad(`${name} cannot be used: ${fault}`, 'Stop what holds it, or choose another port'),
    );
  }
  return findings;
}

async function loadedConfig(file: string | undefined): Promise<{ config?: Config; finding: Finding }> {
  const { loadConfig, refuseBadVerbs } = await import('../main.ts');
  try {
    const config = loadConfig(file);
    refuseBadVerbs(config);
    return { config, finding: good(`configuration: ${config.source ?? 'built-in demo'}`) };
  } catch (fault) {
    return { finding: bad(`configuration: ${messageOf(fault)}`, 'The server would not start with it') };
  }
}

async function checkServer(url: string, config: Config | undefined): Promise<Finding[]> {
  const alive = await probe(url, '/healthz');
  if (alive === undefined) {
    const rest = config === undefined ? [] : await checkPorts(config);
    return [good(`no server runs at ${url}: checking that one could`), ...rest];
  }
  if (alive.status !== 200)
    return [bad(`something answers ${alive.status} at ${url}/healthz`, 'Is that Graine? Check http.listen and --url')];
  const ready = await probe(url, '/readyz');
  const running = good(`a server runs at ${url}`);
  if (ready?.status !== 200) return [running, doubt('it takes no calls now', `See why: ${url}/readyz`)];
  const taking = good('it is ready for calls');
  if (ready.reason === undefined) return [running, taking];
  return [running, taking, doubt(ready.reason, 'See that what live.url names runs and can be reached from here')];
}

/** Several nodes act as one only when they may speak with each other. */
function checkNodes({ live, http }: Config): Finding[] {
  if (live.url === 'memory:') return [];
  if (live.secret === undefined)
    return [
      doubt(
        'several nodes, but live.secret is not set: REST and /v1/Live show the calls of one node only',
        'Set the same live.secret on every node: openssl rand -hex 32',
      ),
    ];
  const where = http.node_url ?? 'the port that is taken at the start';
  const own = /^https?:\/\/(127\.|localhost|\[::1\])/.test(where);
  if (!own) return [good(`other nodes reach this one at ${where}`)];
  return [
    doubt(`other nodes are told to reach this one at ${where}: that works on one machine only`, 'Set http.node_url'),
  ];
}

export async function examine(options: {
  readonly config?: string;
  readonly url: string | undefined;
  /** ms since the epoch: certificates are judged by it. */
  readonly now: number;
}): Promise<Finding[]> {
  const { now } = options;
  const { config, finding } = await loadedConfig(options.config);
  const listen = config?.http.listen ?? { address: '127.0.0.1', port: 3000 };
  const host = listen.address.includes(':') ? `[${listen.address}]` : listen.address;
  const ports = config === undefined ? 10_000 : config.media.ports.last - config.media.ports.first + 1;
  return [
    checkNode(process.version),
    checkMachine(),
    checkFiles(readText('/proc/self/limits'), ports),
    checkReceiveBuffer(),
    finding,
    ...(config === undefined ? [] : [...checkTls(config, now), ...checkNodes(config)]),
    ...(await checkServer(options.url ?? `http://${host}:${listen.port}`, config)),
  ];
}

export async function doctor(
  options: { readonly config?: string; readonly url: string | undefined },
  io: Io,
): Promise<number> {
  const paint = painter(io);
  const marks = { good: paint.green('✓'), doubt: paint.yellow('!'), bad: paint.red('✗') };
  const findings = await examine({ ...options, now: io.clock.now() });
  for (const { state, what, fix } of findings) {
    io.out(`${marks[state]} ${what}`);
    if (fix !== undefined) io.out(`  ${paint.dim(fix)}`);
  }
  return findings.some(({ state }) => state === 'bad') ? 1 : 0;
}
