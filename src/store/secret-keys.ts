/** Where the keys that seal the store come from: given (GRAINE_SECRET_KEY), or a file beside the data, which is made on the
 * first start. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GraineError, type Log, messageOf } from '../base/index.ts';
import { storeKeyFile } from './errors.ts';
import { readKey, Sealer } from './sealer.ts';

/** `keys`: 32 bytes each as base64 or hex; the first seals, the others still open. `file`: the same, one a line. */
export type Secrets = { readonly keys: readonly string[] } | { readonly file: string };

export function sealerOf(secrets: Secrets, log: Log): Sealer {
  if ('keys' in secrets) {
    const where = 'GRAINE_SECRET_KEY';
    return new Sealer(
      secrets.keys.map((each) => readKey(each, where)),
      where,
    );
  }
  const { file } = secrets;
  const lines = readOrMake(file, log)
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const where = `the key file ${file}`;
  return new Sealer(
    lines.map((line) => readKey(line, where)),
    where,
  );
}

/** For a store that ends with the process. */
export function passingSealer(): Sealer {
  return new Sealer([randomBytes(32)], 'the key of this process');
}

function readOrMake(file: string, log: Log): string {
  try {
    const found = read(file, log);
    if (found !== undefined) return found;
    make(file);
    log.info({ file }, 'a key was made that seals the store: keep a copy of it apart from the data');
    return read(file, log) ?? '';
  } catch (fault) {
    if (fault instanceof GraineError) throw fault;
    throw new GraineError(storeKeyFile, { file, reason: messageOf(fault) }, { cause: fault });
  }
}

function read(file: string, log: Log): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const open = (statSync(file).mode & 0o077) !== 0;
    if (open) log.warn({ file }, 'others than the owner may read the key of the store: chmod 600');
    return text;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/** Whole or not at all, and never over another's: several processes may start at once. */
function make(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, file);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  } finally {
    unlinkSync(draft);
  }
}
