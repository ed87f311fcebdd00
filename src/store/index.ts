export { ensureAdminKey, hashToken, type KeyWriter } from './admin.ts';
export { type DirectoryOptions, openDirectory, type OpenDirectory } from './directory.ts';
export type { Resolver } from './names.ts';
export { openStore, type OpenStore, sealerFor, type StoreOptions } from './open.ts';
export type { Secrets } from './secret-keys.ts';
export type { Item } from './provisioning.ts';
