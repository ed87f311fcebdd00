export { Cluster, type ClusterOptions } from './cluster.ts';
export { nodeUrl, openSip } from './seal.ts';
export { DeathWitness } from './witness.ts';
