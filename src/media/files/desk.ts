/** Entry of the thread that writes recordings: disks are slow, so neither calls nor packets wait for them. */
import { closeSync, existsSync, fchmodSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import type { DeskReply, DeskRequest } from './clerk.ts';
import { wavHeader } from './wav.ts';

const RATE = 8000;

type Recording = { readonly fd: number; readonly path: string; bytes: number };

const recordings = new Map<number, Recording>();
const port = parentPort!;

function reply(message: DeskReply): void {
  port.postMessage(message);
}

/** A recording grows under another name, so that whoever finds it under its own has all of it. It replaces nothing,
 * neither at the beginning nor at the end, and follows no link. */
function create(path: string): Recording {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  if (existsSync(path)) throw new Error('there is such a file already');
  const fd = openSync(partOf(path), 'wx', 0o640);
  try {
    // Whatever the umask: those who may keep recordings may read them.
    fchmodSync(fd, 0o640);
  } catch (fault) {
    closeSync(fd);
    throw fault;
  }
  return { fd, path, bytes: 0 };
}

function partOf(path: string): string {
  return `${path}.part`;
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
    // A recording that ended at once is a whole file too.
    if (recording.bytes === 0) writeAll(recording.fd, wavHeader(RATE, 2, 0), 0);
  } catch {
    // A full disk has no room for that either.
  }
  try {
    closeSync(recording.fd);
  } catch {
    // Written or not: the kernel has let go of it.
  }
  try {
    if (!existsSync(recording.path)) renameSync(partOf(recording.path), recording.path);
  } catch {
    // Someone took it away while it grew. What is under the other name, if anything, is whole as it is.
  }
  return recording.bytes / 4 / RATE;
}

function handle(request: DeskRequest): void {
  switch (request.kind) {
    case 'create':
      try {
        recordings.set(request.id, create(request.path));
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
