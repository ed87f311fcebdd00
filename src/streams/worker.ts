/** The streams thread: all listeners on one beat. Sound is read from the rings here and sent from here, so that neither
 * the main thread nor a media worker waits for anybody's WebSocket. */
import { parentPort } from 'node:worker_threads';
import { messageOf, SystemClock, type Timer } from '../base/index.ts';
import type { StreamOptions } from '../ports/index.ts';
import { BEAT_MS } from './limits.ts';
import type { Command, Report } from './protocol.ts';
import { Stream } from './stream.ts';

const port = parentPort;
if (port === null) throw new Error('streams/worker.ts runs as a worker thread only');

const clock = new SystemClock();
const streams = new Map<string, Stream>();
let beat: Timer | undefined;
let beatAt = 0;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const report = (what: Report): void => port.postMessage(what);

function onBeat(): void {
  const now = clock.monotonic();
  const beats = Math.max(1, Math.round((now - beatAt) / BEAT_MS));
  beatAt = now;
  for (const [name, stream] of streams) {
    stream.beat(now, beats);
    if (stream.over) streams.delete(name);
  }
  if (streams.size > 0) return;
  beat?.cancel();
  beat = undefined;
}

function open(name: string, options: StreamOptions): void {
  try {
    streams.set(name, new Stream(name, options, { clock, report }));
  } catch (fault) {
    const figures = { frames: 0, bytes: 0, droppedMs: 0, connections: 0, commands: 0, refused: 0 };
    return report({ say: 'ended', stream: name, end: 'lost', why: messageOf(fault), figures });
  }
  beatAt = clock.monotonic();
  beat ??= clock.every(BEAT_MS, 'streams beat', onBeat);
}

function perform(command: Command): void {
  switch (command.do) {
    case 'open':
      return open(command.stream, command.options);
    case 'feed':
      return streams.get(command.stream)?.feed(command.rate, command.memory);
    case 'flow': {
      const stream = streams.get(command.stream);
      if (stream !== undefined) stream.flow = command.flow;
      return;
    }
    case 'text':
      return streams.get(command.stream)?.text(command.text);
    case 'close':
      return streams.get(command.stream)?.finish();
    case 'end':
      for (const stream of streams.values()) stream.end('stopped', 'the server is stopping');
      // Sockets that still say goodbye keep the thread a moment longer.
      port?.close();
  }
}

port.on('message', perform);
