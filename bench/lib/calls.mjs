/** One run of many calls: SIPp callers through a server to SIPp callees, the server's CPU and everybody's books. */
import { calm, noiseMeter } from './proc.mjs';
import { round, sleep, spread } from './numbers.mjs';
import { dirt, Sipp } from './sipp.mjs';

/** Above this many calls/s a single SIPp begins to be the bottleneck. */
const ratePerSipp = 600;

/**
 * @param server `target`, `pid`s and CPU of what is measured
 * @param {{rate: number, seconds: number, hold?: number, folder: string, core?: string, caller?: string,
 *   callees: {port: number, scenario: string}[], callers: number[], patience?: number, times?: boolean}} load
 */
export async function runCalls(server, load) {
  const { rate, seconds, folder, core, hold = 0, caller = 'caller' } = load;
  const callees = [];
  for (const each of load.callees) callees.push(await Sipp.start({ ...each, folder, core, options: ['-d', hold] }));
  await sleep(400);
  const ports = load.callers.slice(0, Math.max(1, Math.ceil(rate / ratePerSipp)));
  const wanted = Math.round((rate * seconds) / ports.length);
  await calm(load.patience ?? 20, server.roots);
  const noise = noiseMeter();
  const before = server.cpuMs();
  const start = performance.now();
  const callers = [];
  for (const port of ports) {
    const times = load.times ? ['-trace_rtt', '-rtt_freq', 1] : [];
    const options = [...times, '-r', rate / ports.length, '-m', wanted, '-d', hold, '-l', 8_000, '-key', 'prefix', '1'];
    callers.push(await Sipp.start({ scenario: caller, port, target: server.target, folder, core, options }));
  }
  // SIPp waits for ever for a message that never comes.
  await Promise.race([Promise.all(callers.map((each) => each.ended)), sleep((seconds + 15) * 1_000 + hold)]);
  await Promise.all(callers.map((each) => each.stop()));
  const wallMs = performance.now() - start;
  await sleep(300);
  const cpuMs = server.cpuMs() - before;
  await Promise.all(callees.map((each) => each.stop()));
  const books = callers.map((each) => each.books());
  const far = callees.map((each) => each.books());
  const total = (list, key) => list.reduce((all, each) => all + each[key], 0);
  const refused = total(books, 'refused');
  const completed = total(books, 'completed') - refused;
  const setups = callers.flatMap((each) => each.setupTimes());
  const missing = wanted * ports.length - completed;
  const dirty = missing + [...books, ...far].reduce((all, each) => all + dirt(each), 0);
  return {
    rate,
    calls: wanted * ports.length,
    completed,
    refused,
    ...(setups.length === 0 ? {} : { setupMs: spread(setups) }),
    failed: total(books, 'failed'),
    retransmissions: total([...books, ...far], 'resent') + total([...books, ...far], 'receivedAgain'),
    clean: dirty === 0,
    // Of a run that lost calls the cost of one means nothing.
    cpuMsPerCall: missing > wanted * ports.length * 0.01 ? undefined : round(cpuMs / completed),
    cpuPercent: round((cpuMs / wallMs) * 100, 1),
    wallSeconds: round(wallMs / 1_000, 1),
    noisePercent: noise([...server.roots, ...[...callers, ...callees].map((each) => each.pid)]),
    ...(dirty === 0
      ? {}
      : {
          callers: books,
          callees: far,
          errors: [...callers, ...callees]
            .map((each) => each.errors())
            .join('')
            .slice(0, 600),
        }),
  };
}
