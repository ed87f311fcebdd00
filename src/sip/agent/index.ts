export type * from './types.ts';
export type * from './options.ts';
export { originOf } from '../transport/index.ts';
export { createUserAgent } from './user-agent.ts';
