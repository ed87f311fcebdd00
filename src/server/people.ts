/** Puts the file's users into the store. A password that is unchanged keeps its hash, and with it the sessions. */
import { hashPassword, verifyPassword } from '../access/index.ts';
import type { Clock } from '../base/index.ts';
import type { NamedUser, People } from '../config/index.ts';
import type { Directory, User } from '../ports/index.ts';

type Writer = Pick<Directory, 'get'> & {
  put(kind: 'user', user: User): Promise<void>;
  remove(kind: 'user', sid: string): Promise<boolean>;
};

export async function putPeople({ users, stale }: People, directory: Writer, clock: Clock): Promise<void> {
  for (const sid of stale) await directory.remove('user', sid);
  for (const each of users) {
    const before = directory.get('user', each.sid);
    const next = await userOf(each, before, clock);
    if (JSON.stringify(next) !== JSON.stringify(before)) await directory.put('user', next);
  }
}

async function userOf({ password, ...named }: NamedUser, before: User | undefined, clock: Clock): Promise<User> {
  const same = before !== undefined && (await verifyPassword(password, before.passwordHash));
  if (same) return { ...named, passwordHash: before.passwordHash, passwordChangedAt: before.passwordChangedAt };
  return { ...named, passwordHash: await hashPassword(password), passwordChangedAt: clock.now() };
}
