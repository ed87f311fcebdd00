/** What `config` begins waits for a call that can be heard. */
import type { Leg } from '../call/index.ts';

/** Now, or as soon as the call is answered. The function it returns ends what was begun. */
export function whenAnswered(leg: Leg, begin: () => () => void): () => void {
  if (leg.state === 'in-progress') return begin();
  let stop: (() => void) | undefined;
  const off = leg.events.on('status', (status) => {
    if (status !== 'in-progress') return;
    off();
    stop = begin();
  });
  return () => {
    off();
    stop?.();
  };
}

/** As whenAnswered, but early media will do. */
export function whenAudible(leg: Leg, begin: () => () => void): () => void {
  return leg.state === 'early-media' ? begin() : whenAnswered(leg, begin);
}
