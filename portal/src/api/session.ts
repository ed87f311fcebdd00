/** Who is signed in: `/v1/session`. */
import { api, ApiError, rememberCsrf } from './client.ts';

export type Role = 'admin' | 'account' | 'read-only';

export type User = {
  readonly user_sid: string | null;
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  readonly account_sid: string | null;
};

type Answer = { readonly user: User; readonly csrf: string };

export type Credentials = { readonly email: string; readonly password: string } | { readonly token: string };

function taken({ user, csrf }: Answer): User {
  rememberCsrf(csrf);
  return user;
}

export async function signIn(credentials: Credentials): Promise<User> {
  return taken(await api.post<Answer>('/v1/session', credentials));
}

/** Undefined: nobody is. */
export async function whoAmI(): Promise<User | undefined> {
  try {
    return taken(await api.get<Answer>('/v1/session'));
  } catch (fault) {
    if (fault instanceof ApiError && fault.status === 401) return undefined;
    throw fault;
  }
}

export async function signOut(): Promise<void> {
  await api.remove('/v1/session');
  rememberCsrf('');
}
