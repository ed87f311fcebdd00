/** Compiles the RTP generator once and runs it, reading the server's CPU for just the time that is measured. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './children.mjs';
import { pinned } from './pin.mjs';
import { calm, noiseMeter } from './proc.mjs';
import { round } from './numbers.mjs';

let binary;

/** Path of the generator, or undefined where there is no C compiler. */
export function rtpload(folder) {
  if (binary === undefined) {
    const source = fileURLToPath(new URL('./rtpload.c', import.meta.url));
    const to = path.join(folder, 'rtpload');
    try {
      execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-o', to, source], { stdio: ['ignore', 'inherit', 'inherit'] });
      binary = to;
    } catch {
      binary = null;
    }
  }
  return binary ?? undefined;
}

/**
 * @param {string[]} map lines of `near|far CALL OUR_PORT SERVER_PORT`
 * @param server with `roots` and `cpuMs()`; undefined for the meter alone
 * @param {{folder: string, seconds: number, warm?: number, ptime?: number, dropEvery?: number, core?: string}} load
 */
export async function runRtp(map, server, load) {
  const { seconds, warm = 2, ptime = 20, dropEvery = 0, core } = load;
  await calm(load.patience ?? 20, server?.roots ?? []);
  const [command, args] = pinned(rtpload(load.folder), [seconds, warm, ptime, dropEvery].map(String), core);
  const child = start(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let said = '';
  let before, after, noise;
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => {
    said += chunk;
    if (before === undefined && said.includes('measuring')) {
      before = { at: performance.now(), cpu: server?.cpuMs() ?? 0 };
      noise = noiseMeter();
    }
    if (after === undefined && said.includes('stopped')) {
      after = { at: performance.now(), cpu: server?.cpuMs() ?? 0, noise: noise([...(server?.roots ?? []), child.pid]) };
    }
  });
  child.stdin.end(`${map.join('\n')}\n`);
  await child.ended;
  if (out === '' || after === undefined) throw new Error(`rtpload failed: ${said}`);
  const result = JSON.parse(out);
  const received = result.fromNear.received + result.fromFar.received;
  return {
    ...result,
    packets: received,
    packetsPerSecond: Math.round(received / seconds),
    lost: result.fromNear.lost + result.fromFar.lost,
    lostPercent: round(
      ((result.fromNear.lost + result.fromFar.lost) / (result.fromNear.sent + result.fromFar.sent)) * 100,
      3,
    ),
    cpuUsPerPacket: round(((after.cpu - before.cpu) * 1_000) / received, 2),
    cpuPercent: round(((after.cpu - before.cpu) / (after.at - before.at)) * 100, 1),
    p50Ms: Math.max(result.fromNear.p50, result.fromFar.p50) / 1_000,
    p99Ms: Math.max(result.fromNear.p99, result.fromFar.p99) / 1_000,
    noisePercent: after.noise,
  };
}
