/** Makes the speech service of a server from its parts. */
import type { Clock, Log, Random } from '../base/index.ts';
import type { Alerts, Recognition, RecognitionOptions, Speech } from '../ports/index.ts';
import { SpeechCache } from './cache.ts';
import { type AccountCredential, type ConfiguredVendors, Credentials } from './credentials.ts';
import { findFlite, Flite } from './offline/flite.ts';
import { Speaking } from './speaking.ts';
import { voiceFinder } from './voices.ts';

export type SpeechOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly tts: ConfiguredVendors;
  readonly stt: ConfiguredVendors;
  readonly credentialsOf: (accountSid: string) => readonly AccountCredential[];
  readonly cache: { readonly dir: string; readonly maxBytes: number; readonly outlives: boolean };
  readonly timeoutMs: number;
};

export function createSpeech(options: SpeechOptions): Speech {
  const { clock, random, alerts, timeoutMs } = options;
  const credentials = new Credentials({ tts: options.tts, stt: options.stt }, options.credentialsOf);
  const wasm = findFlite();
  const flite = wasm === undefined ? undefined : new Flite(clock, wasm);
  const find = voiceFinder({ credentials, offline: flite === undefined ? [] : [flite], makers: {} });
  const speaking = new Speaking({
    clock,
    alerts,
    find,
    timeoutMs,
    cache: new SpeechCache({ ...options.cache, clock, random }),
  });
  return {
    synthesise: (request, signal) => speaking.synthesise(request, signal),
    open: (_options: RecognitionOptions): Recognition => {
      throw new Error('not yet');
    },
    stop: async () => {
      await speaking.stop();
      await flite?.stop();
    },
  };
}
