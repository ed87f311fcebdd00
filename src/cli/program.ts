/** The command line: what `graine --help` lists. */
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { messageOf } from '../base/index.ts';
import { listCalls, showCall, showTrace, type TraceOptions } from './calls.ts';
import { CliError, type Target } from './client.ts';
import { doctor } from './doctor.ts';
import { edge, type EdgeOptions } from './edge.ts';
import type { Io } from './io.ts';
import type { SimulateOptions } from './simulate.ts';
import { start } from './start.ts';

type Where = { readonly url?: string; readonly token?: string };

function targetOf({ url = 'http://127.0.0.1:3000', token }: Where): Target {
  return token === undefined ? { url } : { url, token };
}

/** For commands that talk to a running server. */
function remote(command: Command): Command {
  return command.addOption(address()).addOption(new Option('--token <token>', 'API key').env('GRAINE_TOKEN'));
}

function address(): Option {
  return new Option('--url <url>', 'REST address of the server (default: http://127.0.0.1:3000)').env('GRAINE_URL');
}

async function demo(options: { readonly out: string }, io: Io): Promise<number> {
  const { runDemo } = await import('../demo/index.ts');
  const { parseConfig, startServer } = await import('../main.ts');
  const { silentLog } = await import('../base/index.ts');
  return runDemo({
    out: options.out,
    print: (line) => io.out(line),
    color: io.color,
    // YAML reads JSON.
    startServer: (config) =>
      startServer(parseConfig(JSON.stringify(config), { source: undefined, folder: process.cwd() }), {
        log: silentLog,
      }),
  });
}

async function config(options: { readonly config?: string }, io: Io): Promise<number> {
  const { loadConfig, printConfig } = await import('../config/index.ts');
  io.out(printConfig(loadConfig(options.config)).trimEnd());
  return 0;
}

async function simulate(options: SimulateOptions, io: Io): Promise<number> {
  const { simulateCallees } = await import('./simulate.ts');
  return simulateCallees(options, io);
}

/** Options that a callee may have, alone or in --callee. */
const calleeOptions = [
  ['--name <name>', 'user part of its URI'],
  ['--behaviour <name>', 'answers (default), busy, declines, rings, silent, early, voicemail'],
  [
    '--listen <where>',
    'udp://127.0.0.1:5090, tcp://… or tls://…; port 0 (default) takes a free one; ws:// and wss:// register',
  ],
  ['--cert <file>', 'PEM: its certificate over TLS'],
  ['--key <file>', 'PEM: the key of that'],
  ['--ca <file>', 'PEM: the authority it believes of the server'],
  ['--server-name <name>', 'name that the server’s certificate must have; default: that of --server'],
  ['--srtp <suite>', 'encrypts its audio: AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM …'],
  ['--after <seconds>', 'rings so long first'],
  ['--status <code>', 'declines: with this status (603)'],
  ['--tone <hz>', 'answers, early: plays a tone'],
  ['--wav <file>', 'answers: speaks a WAV'],
  ['--keys <keys>', 'answers: presses keys'],
  ['--keys-by <way>', 'rtp (RFC 4733, default) or info (SIP INFO)'],
  ['--keys-after <seconds>', 'so long after the answer'],
  ['--hangs-up-after <seconds>', 'answers: hangs up so long after the answer'],
  ['--greeting <wav|seconds>', 'voicemail: a WAV, or so many seconds of a murmur like speech (4)'],
  ['--beep <hz>', 'voicemail: the beep (1000)'],
  ['--beep-ms <ms>', 'voicemail: how long it is (400)'],
  ['--listens <seconds>', 'voicemail: hangs up after so long (120)'],
  ['--loss <share>', 'loses this share of its audio packets, 0 to 1'],
  ['--register <user:password@realm>', 'registers as a user; the password may be in GRAINE_SIMULATE_PASSWORD'],
  ['--server <host:port>', 'where it registers'],
] as const;

/** commander makes `keysBy` of --keys-by; a callee says `keys-by`. */
function dashed(options: Readonly<Record<string, unknown>>): Record<string, string> {
  const named = Object.entries(options).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(
    named.map(([key, value]) => [key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`), String(value)]),
  );
}

function addSimulate(program: Command, begin: (options: SimulateOptions) => Promise<void>): void {
  const command = program.command('simulate').description('simulated callees, for an application to dial');
  for (const [flags, what] of calleeOptions) command.option(flags, what);
  command
    .option('--callee <key=value,…>', 'one of several, with the options above as keys', (text, all: string[] = []) => [
      ...all,
      text,
    ])
    .option('--seed <number>', 'makes chance repeatable')
    .option('--for <seconds>', 'ends by itself')
    .option('--json', 'one JSON object an event')
    .action(({ callee, seed, for: seconds, json, ...shared }: Omit<SimulateOptions, 'shared'>) =>
      begin({
        ...(callee === undefined ? {} : { callee }),
        ...(seed === undefined ? {} : { seed }),
        ...(seconds === undefined ? {} : { for: seconds }),
        json: json === true,
        shared: dashed(shared),
      }),
    );
}

const list = (text: string): string[] => text.split(',').filter((each) => each !== '');

function addEdge(program: Command, begin: (options: EdgeOptions) => Promise<void>): void {
  program
    .command('edge')
    .description('write or check the configuration of a Kamailio in front of nodes')
    .option('--config <file>', 'graine.yaml of the nodes (default: ./graine.yaml)')
    .option('--nodes <host:port,…>', 'UDP listeners of the nodes', list)
    .option(
      '--listen <where,…>',
      'where the world reaches the edge: udp://203.0.113.5:5060,wss://203.0.113.5:443',
      list,
    )
    .option('--running', 'the nodes are those that run now, by the Redis of live.url')
    .option('--inside <address:port>', 'where nodes reach it over UDP (default: its first udp listener)')
    .option('--peers <address[:port],…>', 'the other edges, outside and inside: each stands in for the others', list)
    .option('--advertise <address>', 'public address, where that is not the listeners’ own')
    .option('--cert <file>', 'certificate of tls and wss (default: sip.tls of the configuration)')
    .option('--key <file>', 'its key')
    .option('--folder <folder>', 'where Kamailio reads the files (default: /etc/kamailio)')
    .option('--out <folder>', 'where they are written', 'deploy/kamailio')
    .option('--check', 'write nothing; tell whether what is there fits the nodes')
    .action((options: EdgeOptions) => begin(options));
}

/** Of package.json: the same file from src/ and from dist/. */
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Runs one command line; resolves with the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const ends = (work: Promise<number> | Promise<void>) => work.then((result) => void (code = result ?? 0));
  const program = new Command('graine').description('A programmable voice server.').version(version).exitOverride();
  program.configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) });
  const file = ['--config <file>', 'configuration (default: ./graine.yaml, else the built-in demo)'] as const;
  program
    .command('start')
    .description('run the server in the foreground')
    .option(...file)
    .action((options: { config?: string }) => ends(start(options, io)));
  program
    .command('demo')
    .description('one dialled call through the whole server, measured and shown')
    .option('--out <folder>', 'where results go', 'demo-out')
    .action((options: { out: string }) => ends(demo(options, io)));
  program
    .command('config')
    .description('print the effective configuration, secrets hidden')
    .option(...file)
    .action((options: { config?: string }) => ends(config(options, io)));
  remote(program.command('calls').description('list the calls that are running')).action((where: Where) =>
    ends(listCalls(targetOf(where), io)),
  );
  remote(program.command('call').argument('<sid>').description('show one call')).action((sid: string, where: Where) =>
    ends(showCall(targetOf(where), sid, io)),
  );
  remote(program.command('trace').argument('<sid>').description('show the timeline of a call'))
    .option('--pcap <file>', 'save it as a capture that Wireshark opens')
    .option('--html <file>', 'save it as a ladder page')
    .option('--json', 'print it as JSON')
    .action((sid: string, options: Where & TraceOptions) => ends(showTrace(targetOf(options), sid, options, io)));
  program
    .command('doctor')
    .description('check this machine, the configuration and the server')
    .addOption(address())
    .option(...file)
    .action((options: Where & { config?: string }) => {
      const named = options.config === undefined ? {} : { config: options.config };
      return ends(doctor({ ...named, url: options.url }, io));
    });
  addEdge(program, (options) => ends(edge(options, io)));
  addSimulate(program, (options) => ends(simulate(options, io)));
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (fault) {
    if (fault instanceof CommanderError) return fault.exitCode;
    io.err(fault instanceof CliError ? fault.message : messageOf(fault));
    return 1;
  }
  return code;
}
