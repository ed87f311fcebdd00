/** rtpengine in user space (no kernel table), set up over its ng protocol: bencoded dictionaries over UDP. */
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { start, stop } from './children.mjs';
import { audioPort, offer } from './message.mjs';
import { sleep } from './numbers.mjs';
import { farMedia, nearMedia } from './phones.mjs';
import { freePort } from './ports.mjs';
import { cpuOf, memoryOf } from './proc.mjs';

export function rtpengineVersion() {
  try {
    const { stdout, stderr, error } = spawnSync('rtpengine', ['--version'], { encoding: 'utf8' });
    if (error !== undefined) return undefined;
    return /Version: (\S+)/.exec(stdout + stderr)?.[1] ?? 'unknown version';
  } catch {
    return undefined;
  }
}

function bencode(value) {
  if (typeof value === 'number') return `i${value}e`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  return `d${Object.entries(value).map(([key, each]) => bencode(key) + bencode(each)).join('')}e`; // prettier-ignore
}

/** `range`: its media ports. */
export async function startRtpengine(folder, range = [20_000, 60_000]) {
  const control = await freePort();
  const home = fs.mkdtempSync(path.join(folder, 'rtpengine-'));
  const log = fs.openSync(path.join(home, 'log'), 'w');
  const args = [
    '--foreground',
    '--table=-1',
    '--interface=127.0.0.1',
    `--listen-ng=127.0.0.1:${control}`,
    `--port-min=${range[0]}`,
  ];
  args.push(
    `--port-max=${range[1]}`,
    `--listen-tcp-ng=127.0.0.1:${control}`,
    '--dtmf-log-ng-tcp',
    '--log-level=3',
    '--log-stderr',
    '--pidfile=/dev/null',
    '--config-file=none',
    '--timeout=600',
  );
  const child = start('rtpengine', args, { cwd: home, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const socket = dgram.createSocket('udp4');
  const waiting = new Map();
  let number = 0;
  socket.on('message', (bytes) => {
    const text = bytes.toString('latin1');
    const space = text.indexOf(' ');
    waiting.get(text.slice(0, space))?.(text.slice(space + 1));
  });
  const ask = (command) =>
    new Promise((resolve, reject) => {
      const cookie = `bench${number++}`;
      const timer = setTimeout(() => reject(new Error(`rtpengine did not answer ${command.command}`)), 1_500);
      waiting.set(cookie, (answer) => {
        clearTimeout(timer);
        waiting.delete(cookie);
        resolve(answer);
      });
      socket.send(`${cookie} ${bencode(command)}`, control, '127.0.0.1');
    });
  for (let tries = 0; ; tries++) {
    await sleep(200);
    if (await ask({ command: 'ping' }).then(() => true, () => false)) break; // prettier-ignore
    if (tries > 5) throw new Error(fs.readFileSync(path.join(home, 'log'), 'utf8').slice(0, 800));
  }
  const roots = [child.pid];
  return {
    name: 'rtpengine',
    place: `udp://127.0.0.1:${control}`,
    roots,
    cpuMs: () => cpuOf(roots),
    memory: () => memoryOf(roots),
    /** Relays for `count` calls; the map for the generator. */
    async calls(count) {
      const map = [];
      for (let call = 0; call < count; call++) {
        const common = { 'call-id': `bench-${call}`, 'from-tag': `n${call}`, ICE: 'remove' };
        const offered = await ask({ command: 'offer', ...common, sdp: offer(nearMedia + 2 * call) });
        const answered = await ask({
          command: 'answer',
          ...common,
          'to-tag': `f${call}`,
          sdp: offer(farMedia + 2 * call),
        });
        map.push(
          `near ${call} ${nearMedia + 2 * call} ${audioPort(answered)}`,
          `far ${call} ${farMedia + 2 * call} ${audioPort(offered)}`,
        );
      }
      return map;
    },
    async close() {
      socket.close();
      await stop(child, 3_000);
    },
  };
}
