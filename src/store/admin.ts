/** The administrator's key: from the configuration, or made on the first start and shown once. Only its hash is kept. */
import { createHash } from 'node:crypto';
import { type Clock, GraineError, type Random } from '../base/index.ts';
import type { ApiKey, Directory, Entities, Kind } from '../ports/index.ts';
import { nameTaken } from './errors.ts';

export type KeyWriter = Pick<Directory, 'all' | 'get'> & {
  put<K extends Kind>(kind: K, entity: Entities[K]): Promise<void>;
  remove(kind: Kind, sid: string): Promise<boolean>;
};

/** The key the configuration names: always this one, so that another token in the file replaces it. */
export const configuredKeySid = '00000000-0000-4000-8000-00000000ad31';

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Makes sure there is an administrator. Returns the token when it was made just now: show it, it is never seen again. */
export async function ensureAdminKey(
  directory: KeyWriter,
  { token, random, clock }: { token: string | undefined; random: Random; clock: Clock },
): Promise<string | undefined> {
  const now = clock.now();
  const key = (sid: string, name: string, value: string): ApiKey => {
    return { sid, name, tokenHash: hashToken(value), createdAt: now };
  };
  const configured = directory.get('apiKey', configuredKeySid);
  if (token !== undefined) {
    if (configured?.tokenHash === hashToken(token)) return undefined;
    await directory.put('apiKey', key(configuredKeySid, 'configuration', token));
    return undefined;
  }
  // A token taken out of the file is a token withdrawn.
  if (configured !== undefined) await directory.remove('apiKey', configuredKeySid);
  const administrators = directory.all('apiKey').filter((each) => each.accountSid === undefined);
  // One that has expired opens nothing any more: whoever has no other would be locked out for ever.
  if (administrators.some(({ expiresAt = Infinity }) => expiresAt > now)) return undefined;
  for (const { sid, atStart } of administrators) if (atStart === true) await directory.remove('apiKey', sid);
  const made = `graine_${random.token(40)}`;
  try {
    await directory.put('apiKey', { ...key(random.uuid(), 'first administrator', made), atStart: true });
    return made;
  } catch (fault) {
    // Another node that starts now has made it, and shows it.
    if (fault instanceof GraineError && fault.code === nameTaken) return undefined;
    throw fault;
  }
}
