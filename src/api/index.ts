import type { ApiOptions } from './options.ts';
import type { Api } from './server.ts';

export { updateFaults } from './call-bodies.ts';
export { readPlacing } from './placing.ts';
export type { ApiDirectory, ApiOptions, Readiness } from './options.ts';
export type { Api } from './server.ts';

/** Loads what serves HTTP only now: calls that stand must not wait for it. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const server = await import('./server.ts');
  return server.createApi(options);
}
