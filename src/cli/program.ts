/** The command line: what `graine --help` lists. */
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { messageOf } from '../base/index.ts';
import { listCalls, showCall, showTrace, type TraceOptions } from './calls.ts';
import { CliError, type Target } from './client.ts';
import { doctor } from './doctor.ts';
import type { Io } from './io.ts';
import { start } from './start.ts';

type Where = { readonly url?: string; readonly token?: string };

function targetOf({ url = 'http://127.0.0.1:3000', token }: Where): Target {
  return token === undefined ? { url } : { url, token };
}

/** For commands that talk to a running server. */
function remote(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'REST address of the server (default: http://127.0.0.1:3000)').env('GRAINE_URL'),
    )
    .addOption(new Option('--token <token>', 'API key').env('GRAINE_TOKEN'));
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

function simulate(io: Io): number {
  io.err('graine simulate comes with a later version. Until then: npm run demo, or phones from graine/testing');
  return 2;
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
  remote(program.command('doctor').description('check this machine, the configuration and the server'))
    .option(...file)
    .action((options: Where & { config?: string }) => {
      const named = options.config === undefined ? {} : { config: options.config };
      return ends(doctor({ ...named, url: options.url }, io));
    });
  program
    .command('simulate')
    .description('play calls against an application (not built yet)')
    .action(() => void (code = simulate(io)));
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (fault) {
    if (fault instanceof CommanderError) return fault.exitCode;
    io.err(fault instanceof CliError ? fault.message : messageOf(fault));
    return 1;
  }
  return code;
}
