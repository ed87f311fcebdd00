import { Building2 } from 'lucide-react';
import { Mark } from '../../parts/index.ts';
import { type Definition, ResourcePage, textOf } from '../resources/index.ts';

const accounts: Definition = {
  title: 'Accounts',
  noun: 'account',
  about: 'Tenants of this server. None sees anything of another.',
  icon: Building2,
  path: 'Accounts',
  flat: true,
  adminOnly: true,
  sid: 'account_sid',
  nameOf: (row) => textOf(row, 'name'),
  columns: [
    { head: 'Name', cell: (row) => textOf(row, 'name') },
    { head: 'SIP realm', cell: (row) => <span className="mono">{textOf(row, 'sip_realm') || '–'}</span> },
    { head: 'Most calls', cell: (row) => textOf(row, 'max_calls') || '–', end: true },
    { head: 'Most a second', cell: (row) => textOf(row, 'max_cps') || '–', end: true },
    {
      head: 'State',
      cell: (row) => (row['is_active'] === false ? <Mark tone="">inactive</Mark> : <Mark tone="ok">active</Mark>),
    },
  ],
  fields: [
    { is: 'text', name: 'name', label: 'Name', required: true },
    {
      is: 'text',
      name: 'sip_realm',
      label: 'SIP realm',
      help: 'Domain its users register at',
      placeholder: 'voice.example.com',
    },
    {
      is: 'pointer',
      name: 'device_calling_application_sid',
      label: 'Application of devices',
      path: 'Applications',
      sid: 'application_sid',
      title: 'name',
      help: 'Runs when a registered user places a call',
      wide: true,
    },
    { is: 'hook', name: 'registration_hook', label: 'Registration hook' },
    {
      is: 'secret',
      name: 'webhook_secret',
      label: 'Webhook secret',
      help: 'Signs every hook; made when left out',
      wide: true,
    },
    { is: 'number', name: 'max_calls', label: 'Most calls at once', min: 1, help: 'More get 503' },
    { is: 'number', name: 'max_cps', label: 'Most new calls a second', min: 1, help: 'More get 503' },
    { is: 'switch', name: 'own_numbers_only', label: 'Own numbers only', help: 'Caller ids must be its own' },
    { is: 'switch', name: 'is_active', label: 'Active', standard: true },
  ],
  empty: 'Everything belongs to an account. Create the first one.',
};

export default function Accounts() {
  return <ResourcePage definition={accounts} />;
}
