/** Which account the pages are about: the user's own, or the one the administrator chose. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { type Account, api } from '../api/index.ts';
import { useUser } from './session.tsx';

type Choice = {
  readonly account: Account | undefined;
  readonly accounts: readonly Account[];
  readonly choose: (accountSid: string) => void;
  /** Makes an account and chooses it. */
  readonly create: (name: string) => Promise<void>;
  readonly loading: boolean;
  readonly fault: unknown;
};

const Context = createContext<Choice | undefined>(undefined);
const kept = 'graine.account';

export function AccountProvider({ children }: { readonly children: ReactNode }) {
  const user = useUser();
  const client = useQueryClient();
  const [chosen, setChosen] = useState(() => localStorage.getItem(kept));
  const { data, isPending, error } = useQuery({
    queryKey: ['accounts'],
    queryFn: () => api.get<Account[]>('/v1/Accounts'),
  });
  const choice = useMemo((): Choice => {
    const accounts = data ?? [];
    const wanted = user.account_sid ?? chosen;
    const account = accounts.find(({ account_sid }) => account_sid === wanted) ?? accounts[0];
    const choose = (accountSid: string) => {
      localStorage.setItem(kept, accountSid);
      setChosen(accountSid);
    };
    const create = async (name: string) => {
      choose((await api.post<{ sid: string }>('/v1/Accounts', { name })).sid);
      await client.invalidateQueries({ queryKey: ['accounts'] });
    };
    return { account, accounts, choose, create, loading: isPending, fault: error };
  }, [data, isPending, error, user, chosen, client]);
  return <Context value={choice}>{children}</Context>;
}

export function useAccounts(): Choice {
  const choice = use(Context);
  if (choice === undefined) throw new Error('no account above this part');
  return choice;
}

/** Pages below the account gate always have one. */
export function useAccount(): Account {
  const { account } = useAccounts();
  if (account === undefined) throw new Error('there is no account');
  return account;
}
