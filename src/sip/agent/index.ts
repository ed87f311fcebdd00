export type * from './types.ts';
export type * from './options.ts';
export { createUserAgent } from './user-agent.ts';
