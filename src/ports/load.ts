/** How loaded this server is, and whether it takes one more call. */

/** What can run out. `loop`: the thread of signalling is busy; `lateness`: its timers come late; `media`, `mediaLateness`: the
 * same of the busiest packet worker; `memory`: the JavaScript heap; `hooks`: requests to applications that wait. */
export type LoadSignal = 'loop' | 'lateness' | 'media' | 'mediaLateness' | 'memory' | 'hooks';

/** A figure for each: shares of 1, milliseconds, a count. */
export type Load = Readonly<Record<LoadSignal, number>>;

/** One packet worker since it was last asked: the share of the time it worked, and how late it did what was due, ms. */
export type WorkerLoad = { readonly busy: number; readonly lateMs: number };

/** Who is let in. For new calls only: what belongs to a call that stands does not ask. */
export interface Door {
  /** Undefined: come in, and it counts. Else so many seconds to stay away. */
  enter(): number | undefined;
  /** The same for who only asks; counts nothing. */
  look(): number | undefined;
}
