/** One SIPp process: started, waited for, and its own books read. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, stop } from './children.mjs';
import { sleep } from './numbers.mjs';
import { pinned } from './pin.mjs';
import { freePorts } from './ports.mjs';

const scenarios = fileURLToPath(new URL('../scenarios/', import.meta.url));
/** SIPp takes a few ports of its own: media from the first, its console on the second. */
const portsOfOne = 8;

export class Sipp {
  static async start(setup) {
    const [media, , , , , , , console] = await freePorts(portsOfOne);
    return new Sipp({ ...setup, ports: [media, console] });
  }

  /** @param {{ports: [number, number], scenario: string, port: number, target?: string, options?: (string | number)[], folder: string, core?: string}} setup */
  constructor(setup) {
    const { scenario, port, core, ports } = setup;
    this.folder = fs.mkdtempSync(path.join(setup.folder, `sipp-${scenario}-${port}-`));
    const argv = [
      '-sf', path.join(scenarios, `${scenario}.xml`),
      '-i', '127.0.0.1', '-p', port, '-mi', '127.0.0.1', '-mp', ports[0],
      '-ci', '127.0.0.1', '-cp', ports[1], '-t', 'u1', '-nostdin', '-buff_size', 4_194_304,
      '-trace_stat', '-stf', path.join(this.folder, 'stat.csv'), '-fd', 1, '-trace_counts',
      '-trace_err', '-error_file', path.join(this.folder, 'errors.log'),
      ...(setup.options ?? []),
      ...(setup.target === undefined ? [] : [setup.target]),
    ].map(String); // prettier-ignore
    const [command, args] = pinned('sipp', argv, core);
    const screen = fs.openSync(path.join(this.folder, 'screen.txt'), 'w');
    this.process = start(command, args, { cwd: this.folder, stdio: ['ignore', screen, screen] });
    fs.closeSync(screen);
    this.ended = this.process.ended;
  }

  get pid() {
    return this.process.pid;
  }

  /** Politely: SIGUSR1 lets calls end. */
  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGUSR1');
    await Promise.race([this.ended, sleep(2_000)]);
    await stop(this.process, 2_000);
  }

  /** What went wrong counts from both: SIPp's statistics, and the counts of each step of its scenario. */
  books() {
    const stat = lastLine(path.join(this.folder, 'stat.csv'));
    const countsFile = fs.readdirSync(this.folder).find((name) => name.endsWith('_counts.csv'));
    const counts = Object.entries(countsFile === undefined ? {} : lastLine(path.join(this.folder, countsFile)));
    const total = (ending) =>
      counts.reduce((all, [name, value]) => all + (name.endsWith(ending) ? Number(value) || 0 : 0), 0);
    const number = (name) => Number(stat[name] ?? 0);
    return {
      completed: number('SuccessfulCall(C)'),
      failed: number('FailedCall(C)'),
      // By a scenario that takes a 503 for an answer; SIPp counts these as completed.
      refused: total('_503_Recv'),
      // Sent again by SIPp; received again from the server.
      resent: Math.max(number('Retransmissions(C)'), 0),
      receivedAgain: total('_Retrans'),
      timeouts: total('_Timeout'),
      unexpected: total('_Unexp'),
      setup: stat['ResponseTimesetup(C)'],
    };
  }

  /** Milliseconds from INVITE to 200 of each call, where `-trace_rtt` was asked for. */
  setupTimes() {
    const file = fs.readdirSync(this.folder).find((name) => name.endsWith('_rtt.csv'));
    if (file === undefined) return [];
    const lines = fs.readFileSync(path.join(this.folder, file), 'latin1').trim().split('\n').slice(1);
    return lines.map((line) => Number(line.split(';')[1])).filter(Number.isFinite);
  }

  errors() {
    try {
      return fs.readFileSync(path.join(this.folder, 'errors.log'), 'latin1').slice(0, 2_000);
    } catch {
      return '';
    }
  }
}

function lastLine(file) {
  if (!fs.existsSync(file)) return {};
  const lines = fs.readFileSync(file, 'latin1').trim().split('\n');
  const values = (lines.at(-1) ?? '').split(';');
  return Object.fromEntries((lines[0] ?? '').split(';').map((name, at) => [name, values[at]]));
}

/** Nothing failed, nothing was said twice, nothing was odd. */
export function dirt(books) {
  return books.failed + books.resent + books.receivedAgain + books.timeouts + books.unexpected;
}
