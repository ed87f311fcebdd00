/** listen inside dial: from the bridge to the dial's end, on the caller's endpoint or (channel 2) the callee's. */
import type { Leg } from '../../../call/index.ts';
import type { DialVerb } from '../../schema/schema.ts';
import { askHook, type TaskContext } from '../../task.ts';
import { ListenRun } from '../listen-run.ts';

/** Returns the function that ends it; undefined where the dial does not listen. */
export function listenToDial(context: TaskContext, dial: DialVerb, winner: Leg): (() => void) | undefined {
  const { listen } = dial;
  if (listen === undefined) return undefined;
  const leg = listen.channel === 2 ? winner : context.caller;
  const run = new ListenRun(context, listen, { leg, described: winner });
  void run.run().then(() => {
    // The dial goes on, or its own hook decides what comes next: what this one answers is not run.
    if (listen.actionHook !== undefined) void askHook(context, listen.actionHook, run.result(), undefined);
  });
  return () => run.stop();
}
