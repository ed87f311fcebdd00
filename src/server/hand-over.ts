/** The end of a process whose calls go on in the next: what rings is waited for, then all is written down and the process has
 * to exit, as at a kill -9 but with nothing unwritten. Far ends hear nothing of it: no BYE, no REGISTER with 0. */
import { type Clock, defineError, GraineError, type Log } from '../base/index.ts';
import type { Config } from '../config/index.ts';

const noFolder = defineError('hand-over-nowhere', {
  message: 'shutdown.hand_over: standing calls are written nowhere with the store {store}',
  fix: 'Name a folder of this machine in calls.standing_folder, or share live: redis:// and a database with other nodes.',
  http: 500,
});

export type HandOverParts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly agent: { draining: boolean; abandon(): void };
  readonly sessions: () => Iterable<{
    readonly caller: { readonly answeredAt: number | undefined };
    end(cause: { by: 'server'; reason: string }): void;
    letGo(): void;
  }>;
  /** Writes every call that stands, at once. */
  readonly keeper: { flush(): void; close(): void };
  readonly standing: { close(): Promise<void> };
  /** Where other nodes share what is written: they have it at once. */
  readonly shared: { resign(): Promise<number> } | undefined;
  /** What is to be written before the process goes, besides. */
  readonly flush: () => Promise<unknown>;
};

/** Whoever rings may be answered within this, and then is refused, within this. */
const RINGING_MS = 5000;
const REFUSED_MS = 1000;
const LOOK_MS = 50;
/** A database that is away does not hold a new version up. */
const FLUSH_MS = 3000;

/** After this nothing of the server may be used: the process exits. */
export async function handOver(parts: HandOverParts): Promise<void> {
  const { agent, keeper, log } = parts;
  agent.draining = true;
  if (!(await within(parts, RINGING_MS, () => ringing(parts).length === 0))) {
    for (const session of ringing(parts)) session.end({ by: 'server', reason: 'the server is being replaced' });
    await within(parts, REFUSED_MS, () => ringing(parts).length === 0);
  }
  const calls = [...parts.sessions()].length;
  // In one go: nobody may end a call between its last line and the silence.
  keeper.flush();
  agent.abandon();
  const left = await leave(parts);
  await Promise.race([parts.flush(), after(parts.clock, FLUSH_MS)]);
  if (left === undefined) keeper.flush();
  await parts.standing.close();
  log.warn(
    { calls, taken: calls - (left ?? calls) },
    'handed over: other nodes, or the next start, carry these calls on',
  );
}

/** How many calls no other node took; undefined where none could. From then on they are the others': nothing that is due here
 * may happen a second time. */
async function leave({ shared, keeper, sessions }: HandOverParts): Promise<number | undefined> {
  if (shared === undefined) return undefined;
  keeper.close();
  for (const session of sessions()) session.letGo();
  return shared.resign();
}

/** Where they are written nowhere there is nobody to hand over to. Throws. */
export function refuseHandOver(config: Config, written: boolean): void {
  if (!config.shutdown.hand_over || written) return;
  throw new GraineError(noFolder, { store: config.store.url.split(':')[0] });
}

function ringing({ sessions }: HandOverParts) {
  return [...sessions()].filter(({ caller }) => caller.answeredAt === undefined);
}

async function within({ clock }: HandOverParts, ms: number, done: () => boolean): Promise<boolean> {
  for (const end = clock.monotonic() + ms; !done();) {
    if (clock.monotonic() >= end) return false;
    await after(clock, LOOK_MS);
  }
  return true;
}

function after(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, 'server hand-over', resolve));
}
