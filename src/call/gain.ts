/** boostAudioSignal: how loud the far end of a leg hears the main track. */
import type { Leg } from './leg.ts';

/** dB; 0 takes it off. Nothing happens to a leg that is over. */
export async function setGain(leg: Leg, db: number): Promise<void> {
  if (leg.media === undefined || leg.end !== undefined) return;
  leg.note('audio.gain', { db });
  await leg.services.studio.setGain(leg.media.endpoint, db);
}
