/** The graine command: parses the line, runs one subcommand, exits with its code. */
import { Command } from 'commander';
import { messageOf } from '../base/index.ts';
import { runDemo } from '../demo/index.ts';
import { parseConfig, startServer, version } from '../main.ts';
import { start } from './start.ts';

const program = new Command('graine').description('A programmable voice server').version(version);

program
  .command('start')
  .description('run the server in the foreground')
  .option('--config <file>', 'configuration; default ./graine.yaml, else a built-in demo configuration')
  .action((options: { config?: string }) => run(() => start(options.config)));

program
  .command('demo')
  .description('one whole call on this machine, shown and measured')
  .option('--out <folder>', 'where the ladder page, the recording and the timeline go', 'demo-out')
  .action((options: { out: string }) =>
    run(() =>
      runDemo({
        out: options.out,
        startServer: (config) =>
          startServer(parseConfig(JSON.stringify(config), { source: undefined, folder: process.cwd() })),
      }),
    ),
  );

async function run(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (fault) {
    console.error(messageOf(fault));
    process.exitCode = 1;
  }
}

await program.parseAsync();
