/** Entry of the thread that writes recordings: disks are slow, so neither calls nor packets wait for them. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import type { DeskReply, DeskRequest } from './clerk.ts';
import { wavHeader } from './wav.ts';

const RATE = 8000;

type Recording = { readonly fd: number; bytes: number };

const recordings = new Map<number, Recording>();
const port = parentPort!;

function reply(message: DeskReply): void {
  port.postMessage(message);
}

function append(id: number, samples: Int16Array): void {
  const recording = recordings.get(id);
  if (recording === undefined) return;
  try {
    const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    writeAll(recording.fd, bytes, 44 + recording.bytes);
    recording.bytes += bytes.length;
    // With every chunk, so that the file is whole whenever the power goes.
    writeAll(recording.fd, wavHeader(RATE, 2, recording.bytes), 0);
    reply({ kind: 'written', id, bytes: bytes.length });
  } catch (fault) {
    finish(id);
    reply({ kind: 'failed', id, why: messageOf(fault) });
  }
}

function writeAll(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

function finish(id: number): number {
  const recording = recordings.get(id);
  if (recording === undefined) return 0;
  recordings.delete(id);
  try {
    closeSync(recording.fd);
  } catch {
    // Written or not: the kernel has let go of it.
  }
  return recording.bytes / 4 / RATE;
}

function handle(request: DeskRequest): void {
  switch (request.kind) {
    case 'create':
      try {
        recordings.set(request.id, { fd: openSync(request.path, 'w', 0o640), bytes: 0 });
        return reply({ kind: 'done', ask: request.ask, seconds: 0, error: undefined });
      } catch (fault) {
        return reply({ kind: 'done', ask: request.ask, seconds: 0, error: messageOf(fault) });
      }
    case 'append':
      return append(request.id, request.samples);
    case 'finish':
      return reply({ kind: 'done', ask: request.ask, seconds: finish(request.id), error: undefined });
    case 'close':
      for (const id of recordings.keys()) finish(id);
      port.close();
  }
}

port.on('message', handle);
