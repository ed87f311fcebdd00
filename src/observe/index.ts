export { logCalls } from './call-log.ts';
export { ladderPolicy } from './ladder.ts';
export { createLog, type LogOptions } from './log.ts';
export { createMetrics, type Followed, type LiveLegs, type Metrics, type MetricsOptions } from './metrics.ts';
export { type ClosableTimelines, createTimelines, type TimelinesOptions } from './timelines.ts';
