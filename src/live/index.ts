export type { Detour } from './detour.ts';
export type { Members } from './members.ts';
export { type LiveOptions, openLive, type OpenLive, openSharedStanding } from './open.ts';
export { roster } from './roster.ts';
export { SealedStanding } from './sealed-standing.ts';
export type { StandingSealer } from './standing-redis.ts';
export { NoStandingCalls, StandingFile } from './standing-file.ts';
export type { MemoryLimits } from './memory.ts';
