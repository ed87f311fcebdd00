/** The file's `users` as what should be there, and which of those that are there should go. Their passwords are compared and
 * hashed by whoever puts them into the store. */
import type { Role, User } from '../ports/index.ts';
import type { Config } from './config.ts';
import { type Existing, sidOf } from './provisioned.ts';

/** `password` is secret. */
export type NamedUser = Pick<User, 'sid' | 'accountSid' | 'name' | 'email' | 'role' | 'isActive'> & {
  readonly password: string;
};

export type People = {
  readonly users: readonly NamedUser[];
  /** Sids of users that an earlier version of the file brought and this one no longer has. */
  readonly stale: readonly string[];
};

type RawUser = { name: string; email: string; password: string; role: Role; is_active: boolean };

/** After `provisioned` was put: accounts have their sids. */
export function peopleOf(config: Config, existing: Existing): People {
  const known = new Map(existing.all('user').map((each) => [each.email, each]));
  const named = (raw: RawUser, accountSid: string | undefined): NamedUser => {
    const email = raw.email.toLowerCase();
    return {
      sid: known.get(email)?.sid ?? sidOf('user', email),
      ...(accountSid === undefined ? {} : { accountSid }),
      name: raw.name,
      email,
      role: raw.role,
      isActive: raw.is_active,
      password: raw.password,
    };
  };
  const accounts = new Map(existing.all('account').map((each) => [each.name, each.sid]));
  const users = [
    ...config.http.users.map((each) => named(each, undefined)),
    ...config.accounts.flatMap((account) => account.users.map((each) => named(each, accounts.get(account.name)))),
  ];
  const emails = new Set(users.map(({ email }) => email));
  const stale = [...known.values()].filter(({ sid, email }) => sid === sidOf('user', email) && !emails.has(email));
  return { users, stale: stale.map(({ sid }) => sid) };
}
