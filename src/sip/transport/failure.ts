import type { FaultListener } from './types.ts';

/** Tells a sender that its bytes did not leave: after the call in which it tried, never inside it, so that no state
 * machine hears of a failure before it has finished the step that sent. */
export function failLater(listener: FaultListener | undefined): void {
  if (listener !== undefined) process.nextTick(() => listener.transportFailed());
}
