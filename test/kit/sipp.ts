/** Runs SIPp with one of the scenarios of test/wire/scenarios (or a file given) and says how its calls came out. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './ports.ts';

export type SippOptions = {
  /** Name in test/wire/scenarios without .xml, or a path. */
  readonly scenario: string;
  /** Where its requests go; a callee has none. */
  readonly remote?: { readonly host: string; readonly port: number };
  readonly port?: number;
  readonly calls?: number;
  readonly rate?: number;
  readonly keys?: Readonly<Record<string, string>>;
  readonly transport?: 'u1' | 't1';
  readonly args?: readonly string[];
  readonly timeoutSeconds?: number;
};

export type SippOutcome = {
  readonly code: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** What it logged about unexpected messages. */
  readonly errors: string;
};

export type SippRun = { readonly port: number; readonly done: Promise<SippOutcome>; stop(): void };

const scenarios = path.join(import.meta.dirname, '..', 'wire', 'scenarios');

export async function sipp(options: SippOptions): Promise<SippRun> {
  const port = options.port ?? (await freePort());
  const file = options.scenario.includes('/') ? options.scenario : path.join(scenarios, `${options.scenario}.xml`);
  if (!existsSync(file)) throw new Error(`no scenario ${file}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'graine-sipp-'));
  const keys = Object.entries(options.keys ?? {}).flatMap(([key, value]) => ['-key', key, value]);
  const args: string[] = options.remote === undefined ? [] : [`${options.remote.host}:${options.remote.port}`];
  args.push('-sf', file, '-i', '127.0.0.1', '-p', String(port), '-t', options.transport ?? 'u1');
  args.push('-m', String(options.calls ?? 1), '-r', String(options.rate ?? 10), '-nostdin', '-skip_rlimit');
  args.push('-timeout', String(options.timeoutSeconds ?? 30), '-timeout_error');
  args.push('-trace_err', '-trace_stat', '-stf', 'stat.csv', ...keys, ...(options.args ?? []));
  const child = spawn('sipp', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const done = new Promise<SippOutcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code: code ?? -1, ...readStats(folder) });
      rmSync(folder, { recursive: true, force: true });
    });
  });
  done.catch(() => {});
  // A callee that is not listening yet would lose the first INVITE.
  if (options.remote === undefined) await listening(port);
  return { port, done, stop: () => void child.kill('SIGKILL') };
}

async function listening(port: number): Promise<void> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  for (let tries = 0; tries < 200; tries++) {
    const table = ['/proc/net/udp', '/proc/net/tcp'].map((file) => readFileSync(file, 'latin1')).join('');
    if (table.includes(`:${wanted} `)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`SIPp did not open port ${port}`);
}

function readStats(folder: string): Omit<SippOutcome, 'code'> {
  const errors = readdirSync(folder)
    .filter((name) => name.endsWith('_errors.log'))
    .map((name) => readFileSync(path.join(folder, name), 'latin1'))
    .join('');
  const file = path.join(folder, 'stat.csv');
  const [head = '', ...rows] = existsSync(file) ? readFileSync(file, 'latin1').trim().split('\n') : [''];
  const names = head.split(';');
  const last = rows.at(-1)?.split(';') ?? [];
  const column = (name: string): number => Number(last[names.indexOf(name)] ?? 0);
  return {
    successful: column('SuccessfulCall(C)'),
    failed: column('FailedCall(C)'),
    retransmissions: column('Retransmissions(C)'),
    errors,
  };
}
