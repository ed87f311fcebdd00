export type * from './alerts.ts';
export type * from './control.ts';
export type * from './directory.ts';
export type * from './hooks.ts';
export type * from './live.ts';
export type * from './media.ts';
export type * from './provisioning.ts';
export type * from './store.ts';
