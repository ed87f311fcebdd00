/** The end of a server that a test started. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Sends the signal and waits for the end; a server that has ended, or never was, is no fault. */
export async function ended(server: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill(signal);
  await gone;
}
