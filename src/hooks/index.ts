export { refuseAddress, refuseName } from './address-rules.ts';
export { createHooks, type HooksOptions } from './hooks.ts';
export type { Resolve } from './connections.ts';
export { createStreamFinder } from './stream-place.ts';
