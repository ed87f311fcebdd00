/** Who is signed in, for every page. Nobody: the sign-in page is all there is. */
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react';
import { type Credentials, messageOf, onSessionLost, signIn, signOut, type User, whoAmI } from '../api/index.ts';

type State =
  | { readonly is: 'asking' }
  | { readonly is: 'out'; readonly why?: string }
  | { readonly is: 'in'; readonly user: User };

export type Session = {
  readonly state: State;
  readonly enter: (credentials: Credentials) => Promise<void>;
  readonly leave: () => Promise<void>;
};

const Context = createContext<Session | undefined>(undefined);

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [state, setState] = useState<State>({ is: 'asking' });
  useEffect(() => {
    onSessionLost(() => setState({ is: 'out', why: 'Your session has ended. Sign in again to go on.' }));
    whoAmI().then(
      (user) => setState(user === undefined ? { is: 'out' } : { is: 'in', user }),
      (fault: unknown) => setState({ is: 'out', why: messageOf(fault) }),
    );
  }, []);
  const enter = useCallback(async (credentials: Credentials) => {
    setState({ is: 'in', user: await signIn(credentials) });
  }, []);
  const leave = useCallback(async () => {
    await signOut();
    setState({ is: 'out' });
  }, []);
  const session = useMemo(() => ({ state, enter, leave }), [state, enter, leave]);
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = use(Context);
  if (session === undefined) throw new Error('no session above this part');
  return session;
}

export function useUser(): User {
  const { state } = useSession();
  if (state.is !== 'in') throw new Error('nobody is signed in');
  return state.user;
}

export function useMayWrite(): boolean {
  return useUser().role !== 'read-only';
}
