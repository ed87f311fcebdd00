export { type LiveOptions, openLive } from './open.ts';
export type { MemoryLimits } from './memory.ts';
