/** dtmfSuppress: keys are told to the application, not to the other party. decisions.md DTMF. */
import { messageOf } from '../../../base/index.ts';
import type { Leg } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';

/** From now on; the function it returns ends it. Early media needs it as much as talk. */
export function suppressDigits(dial: DialVerb, legs: readonly Leg[]): (() => void) | undefined {
  if (!dial.dtmfSuppress) return undefined;
  for (const leg of legs) hold(leg, true);
  return () => {
    for (const leg of legs) hold(leg, false);
  };
}

function hold(leg: Leg, on: boolean): void {
  const { media, services } = leg;
  if (media === undefined || leg.end !== undefined) return;
  services.studio
    .holdDigits(media.endpoint, on)
    .catch((fault: unknown) => leg.note('media.failed', { reason: messageOf(fault) }));
}
