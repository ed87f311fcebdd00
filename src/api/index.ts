export { updateFaults } from './call-bodies.ts';
export { readPlacing } from './placing.ts';
export type { ApiDirectory, ApiOptions, Readiness } from './options.ts';
export { type Api, createApi } from './server.ts';
