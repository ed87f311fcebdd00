import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Starts a worker thread from a file beside the caller: `spawnWorker(import.meta.url, './worker.ts')`. Built, it starts
 * the `.js`; run from sources, the thread first learns TypeScript, which Node 20 workers do not inherit. */
export function spawnWorker(from: string, file: string, options: WorkerOptions = {}): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(file.replace(/\.ts$/, '.js'), from), options);
  const target = JSON.stringify(new URL(file, from).href);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  return new Worker(`import(${tsx}).then((tsx) => { tsx.register(); return import(${target}); })`, {
    ...options,
    eval: true,
  });
}
