/** Entry of the voice's thread: compiles flite once, then speaks one text after the other. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import { readSpeechWav } from '../wav.ts';
import { runProgram } from './wasi.ts';

export type FliteRequest = { readonly id: number; readonly text: string; readonly voice: string };
export type FliteReply =
  | { readonly id: number; readonly pcm: Int16Array; readonly rate: number }
  | { readonly id: number; readonly error: string };

/** Ten minutes at 16 kHz. */
const MOST_BYTES = 20 * 1024 * 1024;

const port = parentPort!;
const program = new WebAssembly.Module(readFileSync((workerData as { wasm: string }).wasm));

port.on('message', ({ id, text, voice }: FliteRequest) => {
  try {
    const { status, file, printed } = runProgram(
      program,
      ['flite', '-voice', voice, '-t', text, '-o', '/voice.wav'],
      MOST_BYTES,
    );
    if (status !== 0) throw new Error(`flite ended with ${status}: ${printed.trim()}`);
    const { pcm, rate } = readSpeechWav(file);
    port.postMessage({ id, pcm, rate } satisfies FliteReply, [pcm.buffer as ArrayBuffer]);
  } catch (fault) {
    port.postMessage({ id, error: messageOf(fault) } satisfies FliteReply);
  }
});
