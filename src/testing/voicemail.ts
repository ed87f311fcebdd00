/** A voicemail: greets, beeps, listens, and tells how long it was spoken to. */
import { loudness } from './audio.ts';
import type { IncomingPhoneCall } from './incoming.ts';
import { murmur, toneSamples } from './voice.ts';

export type VoicemailScript = {
  /** Rings this long first, ms; 0. */
  readonly after?: number;
  /** What it says: 8 kHz samples (`wavSamples`), or how many ms of a murmur like speech; 4000. */
  readonly greeting?: Int16Array | number;
  /** The beep after it: Hz (1000) and ms (400). */
  readonly beep?: { readonly hz?: number; readonly ms?: number };
  /** Hangs up when it listened for so long, ms; 120 000. */
  readonly listensFor?: number;
};

/** Quieter than this is no speech, dB below full scale. */
const quiet = -45;

/** Plays the script on a call that may be answered now. */
export async function takeMessage(call: IncomingPhoneCall, script: VoicemailScript): Promise<void> {
  await call.answers();
  const { media } = call;
  if (media === undefined || call.finalStatus !== 200) return;
  const { greeting = 4000, beep: { hz = 1000, ms = 400 } = {} } = script;
  const words = typeof greeting === 'number' ? murmur(greeting, call.host.random) : greeting;
  call.tells({ event: 'greeting', ms: Math.round(words.length / 8) });
  await media.says(words);
  if (call.over) return;
  call.tells({ event: 'beep', hz, ms });
  await media.says(toneSamples(hz, ms));
  if (!call.over) listen(call, script.listensFor ?? 120_000);
}

/** Counts what is heard until the call is over, and ends it after `limit` ms. */
function listen(call: IncomingPhoneCall, limit: number): void {
  call.tells({ event: 'listening' });
  const begun = performance.now();
  let spokenMs = 0;
  const stop = call.media?.ears.packets.follow(({ samples }) => {
    if (loudness(samples) > quiet) spokenMs += samples.length / 8;
  });
  const cancel = call.host.exchanges.after(limit, () => void call.hangsUp().catch(() => {}));
  call.atEnd(() => {
    cancel();
    stop?.();
    call.tells({ event: 'message', spokenMs: Math.round(spokenMs), lastedMs: Math.round(performance.now() - begun) });
  });
}
