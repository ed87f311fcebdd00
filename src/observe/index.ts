export { ladderPolicy } from './ladder.ts';
export { type ClosableTimelines, createTimelines, type TimelinesOptions } from './timelines.ts';
