/** Entry of the file thread: disks are slow, so neither calls nor packets wait for them. Reads and decodes sounds to
 * play, writes recordings. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import type { DeskReply, DeskRequest } from './clerk.ts';
import { toMono } from './resample.ts';
import { MAX_WAV_BYTES, readWav, wavHeader, WavFault } from './wav.ts';

/** Decoded sounds kept, in bytes. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const RATE = 8000;

type Sound = { readonly stamp: string; readonly samples: SharedArrayBuffer };
type Recording = { readonly fd: number; bytes: number };

const sounds = new Map<string, Sound>();
const recordings = new Map<number, Recording>();
const port = parentPort!;
let keptBytes = 0;

function reply(message: DeskReply): void {
  port.postMessage(message);
}

/** The samples of a file, decoded once as long as the file stays the same. */
function load(path: string): SharedArrayBuffer {
  const fd = openSync(path, 'r');
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new WavFault('not a plain file');
    if (stat.size > MAX_WAV_BYTES) throw new WavFault(`larger than ${MAX_WAV_BYTES} bytes`);
    const stamp = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
    const known = sounds.get(path);
    if (known?.stamp === stamp) return known.samples;
    const bytes = Buffer.alloc(stat.size);
    let got = 0;
    while (got < bytes.length) {
      const read = readSync(fd, bytes, got, bytes.length - got, got);
      if (read === 0) break;
      got += read;
    }
    const wav = readWav(bytes.subarray(0, got));
    const mono = toMono(wav.channels, wav.rate);
    const samples = new SharedArrayBuffer(mono.length * 2);
    new Int16Array(samples).set(mono);
    keep(path, { stamp, samples });
    return samples;
  } finally {
    closeSync(fd);
  }
}

function keep(path: string, sound: Sound): void {
  keptBytes += sound.samples.byteLength - (sounds.get(path)?.samples.byteLength ?? 0);
  sounds.delete(path);
  sounds.set(path, sound);
  for (const [oldest, { samples }] of sounds) {
    if (keptBytes <= MAX_KEPT_BYTES) break;
    sounds.delete(oldest);
    keptBytes -= samples.byteLength;
  }
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
    case 'load':
      try {
        return reply({ kind: 'loaded', ask: request.ask, samples: load(request.path), error: undefined });
      } catch (fault) {
        return reply({ kind: 'loaded', ask: request.ask, samples: undefined, error: messageOf(fault) });
      }
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
