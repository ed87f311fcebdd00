/** The generators stay on one core, so that the server's caches are its own. */
import { execFileSync } from 'node:child_process';
import os from 'node:os';

let available;

function hasTaskset() {
  if (available === undefined) {
    try {
      execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
      available = os.availableParallelism() > 1;
    } catch {
      available = false;
    }
  }
  return available;
}

/** @returns {[string, string[]]} */
export function pinned(command, args, core) {
  if (core === undefined || core === '' || !hasTaskset()) return [command, args];
  return ['taskset', ['-c', core, command, ...args]];
}
