/** What the calls of the process before need first: what was written of them, and ports that take their packets. Neither waits
 * for the store, so both are made while that is opened. */
import type { Clock, Log, Random } from '../base/index.ts';
import { findStanding, type Left } from '../call/index.ts';
import type { Config } from '../config/index.ts';
import { NoStandingCalls } from '../live/index.ts';
import type { StandingCalls } from '../ports/index.ts';
import { openMedia, type OpenMedia } from './media.ts';
import { openStandingHere } from './standing.ts';

export type Early = OpenMedia & {
  /** The journal of this machine; undefined: standing calls are not written here. */
  readonly here: StandingCalls | undefined;
  /** What it had. Calls that nodes share are nobody's until they are taken. */
  readonly left: Left;
  close(): Promise<void>;
};

type Parts = { readonly clock: Clock; readonly random: Random; readonly log: Log };

/** Rejects, with nothing left open, when one of them cannot be had. */
export async function openEarly(config: Config, parts: Parts): Promise<Early> {
  const here = openStandingHere({ config, ...parts });
  try {
    const left = await findStanding(here ?? new NoStandingCalls());
    const { media, workers } = await openMedia(config, { ...parts, kept: left.ports });
    const close = async (): Promise<void> => {
      await media.close();
      await here?.close();
    };
    return { here, left, media, workers, close };
  } catch (fault) {
    await here?.close();
    throw fault;
  }
}

/** Ends what came of it. From now on nobody need hear that it could not be had who does not ask. */
export function closingOf(early: Promise<Early>): () => Promise<void> {
  const opened = early.catch(() => undefined);
  return async () => (await opened)?.close();
}
