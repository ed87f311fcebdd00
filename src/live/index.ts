export { type LiveOptions, openLive } from './open.ts';
export { NoStandingCalls, StandingFile } from './standing-file.ts';
export type { MemoryLimits } from './memory.ts';
