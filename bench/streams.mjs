// Listeners: CPU of the streams thread for each 20 ms frame it sends, and what it costs the main thread.
//   node bench/streams.mjs [--listeners 50,200] [--seconds 5]
// CPU is taken a thread from the kernel; the listeners are another process. What writes the rings here (a media worker in
// a server) is the main thread, and not counted.
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

if (process.send !== undefined) {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  let bytes = 0;
  server.on('connection', (socket) => socket.on('message', (data, binary) => void (binary && (bytes += data.length))));
  server.on('listening', () => process.send(server.address().port));
  process.on('message', () => process.send(bytes));
} else await bench();

async function bench() {
  const { values } = parseArgs({
    options: { listeners: { type: 'string', default: '50,200' }, seconds: { type: 'string', default: '5' } },
  });
  const built = existsSync(new URL('../dist/streams/index.js', import.meta.url));
  if (!built) (await import('tsx/esm/api')).register();
  const from = (folder) =>
    import(new URL(built ? `../dist/${folder}/index.js` : `../src/${folder}/index.ts`, import.meta.url));
  const { createStreams } = await from('streams');
  const base = await from('base');
  const child = fork(new URL(import.meta.url), { execArgv: [] });
  const ask = () => new Promise((resolve) => child.once('message', resolve));
  const port = await ask();
  for (const format of [
    { rate: 8000, channels: 1 },
    { rate: 16_000, channels: 2 },
  ])
    for (const listeners of values.listeners.split(',').map(Number))
      await measure({ createStreams, base, port, format, listeners, seconds: Number(values.seconds) });
  child.kill();
}

/** Thread id to its CPU time, µs. */
function threads() {
  const all = new Map();
  for (const tid of readdirSync('/proc/self/task')) {
    const [run] = readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ');
    all.set(tid, Number(run) / 1000);
  }
  return all;
}

async function measure({ createStreams, base, port, format, listeners, seconds }) {
  const before = new Set(threads().keys());
  const streams = createStreams({ clock: new base.SystemClock(), log: base.silentLog });
  const frame = new Int16Array((format.rate / 50) * format.channels).map((_, i) => (i * 7919) % 8000);
  const place = {
    url: `ws://127.0.0.1:${port}/`,
    addresses: [{ address: '127.0.0.1', family: 4 }],
    authorization: undefined,
  };
  let connected = 0;
  let frames = 0;
  let dropped = 0;
  streams.events.on('connected', () => connected++);
  streams.events.on('ended', (_, end, why, figures) => {
    frames += figures.frames;
    dropped += figures.droppedMs;
  });
  const writers = Array.from({ length: listeners }, (_, n) => {
    const tap = base.createPcmRing(format, 2);
    streams.open(`l${n}`, { place, hello: '{}', tap, back: 'json' });
    return new base.PcmRingWriter(tap);
  });
  while (connected < listeners) await sleep(20);
  let due = performance.now();
  const timer = setInterval(() => {
    for (; due < performance.now(); due += 20) for (const writer of writers) writer.write(frame);
  }, 10);
  await sleep(1000);
  const start = threads();
  await sleep(seconds * 1000);
  const end = threads();
  clearInterval(timer);
  for (let n = 0; n < listeners; n++) streams.close(`l${n}`);
  await streams.closeAll();
  const spent = [...end].filter(([tid]) => !before.has(tid)).map(([tid, us]) => us - (start.get(tid) ?? 0));
  const perFrame = Math.max(...spent) / (listeners * 50 * seconds);
  console.log(
    `${listeners} listeners, ${format.rate} Hz × ${format.channels}: ${perFrame.toFixed(1)} µs a frame, ` +
      `${((perFrame * 50) / 10_000).toFixed(3)} % of a core a listener; ${frames} frames, ${dropped} ms dropped`,
  );
}
