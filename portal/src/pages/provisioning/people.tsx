/** Who may sign in here. */
import { UsersRound } from 'lucide-react';
import { Mark } from '../../parts/index.ts';
import { useAccounts, useUser } from '../../shell/index.ts';
import { SetPassword } from './set-password.tsx';
import { type Definition, type Field, ResourcePage, textOf } from '../resources/index.ts';

const roles: Readonly<Record<string, string>> = {
  admin: 'administrator',
  account: 'works in the account',
  'read-only': 'looks only',
};

function AccountName({ sid }: { readonly sid: unknown }) {
  const { accounts } = useAccounts();
  const name = accounts.find(({ account_sid: each }) => each === sid)?.name;
  return name === undefined ? <span className="dim">all</span> : <>{name}</>;
}

function definitionFor(admin: boolean): Definition {
  const role: Field = {
    is: 'choice',
    name: 'role',
    label: 'Role',
    required: true,
    standard: 'account',
    options: Object.entries(roles).filter(([name]) => admin || name !== 'admin'),
  };
  return {
    title: 'People',
    noun: 'person',
    about: 'Who may sign in, and what they may do.',
    icon: UsersRound,
    path: 'Users',
    flat: true,
    sid: 'user_sid',
    nameOf: (row) => textOf(row, 'name') || textOf(row, 'email'),
    columns: [
      { head: 'Name', cell: (row) => textOf(row, 'name') },
      { head: 'Email', cell: (row) => textOf(row, 'email') },
      { head: 'Role', cell: (row) => roles[textOf(row, 'role')] ?? textOf(row, 'role') },
      {
        head: 'State',
        cell: (row) => (row['is_active'] === false ? <Mark tone="">inactive</Mark> : <Mark tone="ok">active</Mark>),
      },
      { head: 'Account', cell: (row) => <AccountName sid={row['account_sid']} /> },
    ],
    fields: [
      { is: 'text', name: 'name', label: 'Name', required: true },
      { is: 'email', name: 'email', label: 'Email', required: true },
      role,
      { is: 'secret', name: 'password', label: 'Password', required: true, once: true, help: 'At least 10 characters' },
      {
        is: 'switch',
        name: 'is_active',
        label: 'Active',
        standard: true,
        help: 'Else they cannot sign in',
        wide: true,
      },
    ],
    extra: (row) => <SetPassword userSid={textOf(row, 'user_sid')} name={textOf(row, 'name')} />,
    more: (values, accountSid) => (values['role'] === 'admin' ? {} : { account_sid: accountSid }),
    empty: 'Add the people who work here. An account role changes things, a read-only role looks.',
  };
}

export default function People() {
  return <ResourcePage definition={definitionFor(useUser().role === 'admin')} />;
}
