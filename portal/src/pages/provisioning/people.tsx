/** Who may sign in here. */
import { UsersRound } from 'lucide-react';
import { Mark, when } from '../../parts/index.ts';
import { useUser } from '../../shell/index.ts';
import { type Definition, type Field, ResourcePage, textOf } from '../resources/index.ts';

const roles: Readonly<Record<string, string>> = {
  admin: 'administrator',
  account: 'works in the account',
  'read-only': 'looks only',
};

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
      { head: 'Last sign-in', cell: (row) => when(row['last_sign_in_at'] as string | null) },
    ],
    fields: [
      { is: 'text', name: 'name', label: 'Name', required: true },
      { is: 'email', name: 'email', label: 'Email', required: true },
      role,
      { is: 'secret', name: 'password', label: 'Password', required: true, help: 'Signs the person out everywhere when changed' },
      { is: 'switch', name: 'is_active', label: 'Active', standard: true, help: 'Else they cannot sign in', wide: true },
    ],
    more: (values, accountSid) => (values['role'] === 'admin' ? {} : { account_sid: accountSid }),
    empty: 'Add the people who work here. An account role changes things, a read-only role looks.',
  };
}

export default function People() {
  return <ResourcePage definition={definitionFor(useUser().role === 'admin')} />;
}
