import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Starts a worker thread from a file beside the caller: `spawnWorker(import.meta.url, './worker.ts')`. Built, it starts
 * the `.js`; run from sources, the thread first learns TypeScript, which Node 20 workers do not inherit (by tsx's require
 * hook: its import hook would cost another thread; so no top-level await in the file). */
export function spawnWorker(from: string, file: string, options: WorkerOptions = {}): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(file.replace(/\.ts$/, '.js'), from), options);
  const target = JSON.stringify(fileURLToPath(new URL(file, from)));
  const tsx = JSON.stringify(createRequire(import.meta.url).resolve('tsx/cjs/api'));
  const code = `require(${tsx}).register(); require(${target});`;
  return new Worker(code, { ...options, eval: true, execArgv: [] });
}
