/** Entry of the recogniser's thread: one utterance after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import type { Heard } from '../stt/utterance-ear.ts';
import { MoonshineModel } from './moonshine-model.ts';

export type HearRequest = { readonly id: number; readonly pcm: Int16Array } | { readonly close: true };
export type HearReply =
  | { readonly id: number; readonly heard: Heard }
  | { readonly id: number; readonly error: string };

const port = parentPort!;
const loading = MoonshineModel.load((workerData as { folder: string }).folder);
// Whoever asks first hears why it did not load.
loading.catch(() => {});

async function answer(request: HearRequest): Promise<void> {
  if ('close' in request) {
    // Native sessions must not be torn down under a thread that still runs.
    await loading.then((model) => model.release()).catch(() => {});
    port.close();
    return;
  }
  const { id, pcm } = request;
  let reply: HearReply;
  try {
    const model = await loading;
    reply = { id, heard: await model.hear(Float32Array.from(pcm, (sample) => sample / 32768)) };
  } catch (fault) {
    reply = { id, error: messageOf(fault) };
  }
  port.postMessage(reply);
}

port.on('message', (request: HearRequest) => void answer(request));
