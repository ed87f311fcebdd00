export type { Config } from './config.ts';
export { configDocument } from './document.ts';
export { type Fault, invalid } from './faults.ts';
export { loadConfig, parseConfig, refuseUnbuilt, type Surroundings } from './load.ts';
export { type NamedUser, type People, peopleOf } from './people.ts';
export { printConfig } from './print.ts';
export { type Existing, type Provisioned, provisioned, sidOf } from './provisioned.ts';
export { isLoopback, isWildcard, type Listener, type Transport } from './values.ts';
