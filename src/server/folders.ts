/** Where the server keeps what it writes. */
import path from 'node:path';
import type { Config } from '../config/index.ts';
import type { Secrets } from '../store/index.ts';

/** Where standing calls are written. Beside the store where that is a folder of this machine; a store in memory is not meant
 * to outlive anything. */
export function standingFolder(config: Config): string | undefined {
  return besideData(config, config.calls.standing_folder, 'standing');
}

/** Where rows wait for the database. */
export function spoolFolder(config: Config): string | undefined {
  return besideData(config, config.store.spool_folder, 'spool');
}

export function traceFolder(config: Config): string | undefined {
  return besideData(config, config.trace.folder, 'timelines');
}

/** Keys of the environment before those of a file; neither: beside the data. */
export function secretsOf({ secretKeys, store }: Config): { secrets?: Secrets } {
  if (secretKeys.length > 0) return { secrets: { keys: secretKeys } };
  return store.key_file === undefined ? {} : { secrets: { file: store.key_file } };
}

/** The folder that was named, else one in the store's. */
function besideData({ store: { url } }: Config, named: string | undefined, name: string): string | undefined {
  return named ?? (url.startsWith('file:') && !isFile(url) ? path.join(url.slice(5), name) : undefined);
}

const isFile = (url: string): boolean => /\.(db|sqlite3?)$/.test(url);
