/** Makes the speech service of a server from its parts. */
import type { Clock, Log, Random } from '../base/index.ts';
import type { Alerts, Speech, SpeechCredential } from '../ports/index.ts';
import { SpeechCache } from './cache.ts';
import { type ConfiguredVendors, Credentials } from './credentials.ts';
import { earFinder } from './ears.ts';
import { Listening } from './listening.ts';
import { Espeak, findEspeak } from './offline/espeak.ts';
import { findFlite, Flite } from './offline/flite.ts';
import { findEars, Moonshine } from './offline/moonshine.ts';
import { GoogleAccess } from './google-access.ts';
import { Reach, type RefuseAddress } from './reach.ts';
import { Speaking } from './speaking.ts';
import { earMakers } from './stt/vendors.ts';
import { Translating } from './translating.ts';
import { voiceMakers } from './tts/vendors.ts';
import { voiceFinder } from './voices.ts';

export type SpeechOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly alerts: Alerts;
  readonly tts: ConfiguredVendors;
  readonly stt: ConfiguredVendors;
  readonly translate?: ConfiguredVendors;
  readonly credentialsOf: (accountSid: string) => readonly SpeechCredential[];
  readonly cache: { readonly dir: string; readonly maxBytes: number; readonly outlives: boolean };
  readonly timeoutMs: number;
  /** The address rules for what accounts configure themselves. */
  readonly refuse: RefuseAddress;
  /** Where `npm run ears` put the recogniser, if not beside the program. */
  readonly earsFolder: string | undefined;
};

export function createSpeech(options: SpeechOptions): Speech {
  const { clock, random, alerts, timeoutMs } = options;
  const credentials = new Credentials(
    { tts: options.tts, stt: options.stt, translate: options.translate ?? {} },
    options.credentialsOf,
  );
  const reach = new Reach(options.refuse);
  const google = new GoogleAccess(reach, () => clock.now());
  const wasm = findFlite();
  const flite = wasm === undefined ? undefined : new Flite(clock, wasm);
  const program = findEspeak();
  const espeak = program === undefined ? undefined : new Espeak(program);
  const find = voiceFinder({
    credentials,
    offline: [flite, espeak].filter((voice) => voice !== undefined),
    makers: voiceMakers({ reach, google, now: () => clock.now() }),
  });
  const speaking = new Speaking({
    clock,
    alerts,
    find,
    timeoutMs,
    cache: new SpeechCache({ ...options.cache, clock, random }),
  });
  const folder = findEars(options.earsFolder);
  const moonshine = folder === undefined ? undefined : new Moonshine(clock, folder);
  const listening = new Listening({
    clock,
    alerts,
    find: earFinder({ credentials, offline: moonshine, makers: earMakers({ clock, reach, google }) }),
    preferred: credentials.preferred('stt'),
  });
  const translating = new Translating({ alerts, credentials, reach, timeoutMs });
  return {
    canTranslate: (owner, choice) => translating.canTranslate(owner, choice),
    translate: (request) => translating.translate(request),
    synthesise: (request, signal) => speaking.synthesise(request, signal),
    hearsUnasked: (accountSid) => listening.hearsUnasked(accountSid),
    open: (request) => listening.open(request),
    stop: async () => {
      await Promise.all([speaking.stop(), listening.stop()]);
      await Promise.all([flite?.stop(), moonshine?.stop(), reach.close()]);
    },
  };
}
