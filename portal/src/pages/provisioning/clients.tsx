import { UserRound } from 'lucide-react';
import { Mark } from '../../parts/index.ts';
import { useAccount } from '../../shell/index.ts';
import { type Definition, ResourcePage, textOf } from '../resources/index.ts';

function definitionFor(realm: string | null): Definition {
  return {
    title: 'SIP users',
    noun: 'SIP user',
    about: `Phones and softphones that register${realm === null ? '' : ` at ${realm}`}.`,
    icon: UserRound,
    path: 'Clients',
    sid: 'client_sid',
    nameOf: (row) => textOf(row, 'username'),
    columns: [
      {
        head: 'User',
        cell: (row) => `${textOf(row, 'username')}${realm === null ? '' : `@${realm}`}`,
      },
      {
        head: 'State',
        cell: (row) => (row['is_active'] === false ? <Mark tone="">inactive</Mark> : <Mark tone="ok">active</Mark>),
      },
      { head: 'Calls users directly', cell: (row) => (row['allow_direct_user_calling'] === true ? 'yes' : 'no') },
    ],
    fields: [
      { is: 'text', name: 'username', label: 'User name', required: true, help: 'Letters, digits and _ . ! ~ * + -' },
      { is: 'secret', name: 'password', label: 'Password', required: true },
      {
        is: 'switch',
        name: 'is_active',
        label: 'Active',
        standard: true,
        help: 'Else it cannot register or call',
        wide: true,
      },
      {
        is: 'switch',
        name: 'allow_direct_user_calling',
        label: 'May call other users by name',
        standard: true,
        wide: true,
      },
      { is: 'switch', name: 'allow_direct_app_calling', label: 'May call applications', standard: true, wide: true },
      {
        is: 'choice',
        name: 'srtp',
        label: 'Encrypted audio',
        help: 'Empty: as the user calls; offered to devices that registered over TLS',
        wide: true,
        options: [
          ['none', 'no'],
          ['offer', 'offered'],
          ['require', 'required'],
        ],
      },
      { is: 'switch', name: 'allow_direct_queue_calling', label: 'May call queues', standard: true, wide: true },
    ],
    empty: 'Add a user, then register a phone with its name and password: a dial rings every device of it.',
  };
}

export default function Clients() {
  return <ResourcePage definition={definitionFor(useAccount().sip_realm)} />;
}
