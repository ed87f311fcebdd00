/** Child processes that end with us, whatever happens. */
import { spawn } from 'node:child_process';

const running = new Set();

export function start(command, args, options = {}) {
  const child = spawn(command, args, options);
  running.add(child);
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  void child.ended.then(() => running.delete(child));
  return child;
}

export async function stop(child, ms = 8_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await child.ended;
  clearTimeout(timer);
}

export function stopAll() {
  for (const child of running) child.kill('SIGKILL');
}
process.once('exit', stopAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

/** The first line a child prints. */
export function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    void child.ended.then((code) => reject(new Error(`ended with ${code} before it said anything`)));
  });
}
