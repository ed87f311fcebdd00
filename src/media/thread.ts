import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Starts a thread with a module of this folder, given as its `.ts` path from here: compiled, or as it is under tsx. */
export function startThread(path: string, options: WorkerOptions): Worker {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) return new Worker(new URL(path.replace(/\.ts$/, '.js'), here), options);
  // On the main thread tsx is there by `--import`; on others it must be asked for.
  const entry = JSON.stringify(new URL(path, here).href);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const code = `import(${tsx}).then((tsx) => { tsx.register(); return import(${entry}); });`;
  return new Worker(code, { ...options, eval: true, execArgv: [] });
}
