import { Hash } from 'lucide-react';
import { type Definition, ResourcePage, textOf } from '../resources/index.ts';
import { ApplicationName, CarrierName } from './names.tsx';

const numbers: Definition = {
  title: 'Numbers',
  noun: 'number',
  about: 'Which application answers a number that is called.',
  icon: Hash,
  path: 'PhoneNumbers',
  sid: 'phone_number_sid',
  nameOf: (row) => `+${textOf(row, 'number')}`,
  columns: [
    { head: 'Number', cell: (row) => <span className="number">+{textOf(row, 'number')}</span> },
    { head: 'Application', cell: (row) => <ApplicationName sid={row['application_sid']} /> },
    { head: 'Carrier', cell: (row) => <CarrierName sid={row['voip_carrier_sid']} /> },
  ],
  fields: [
    {
      is: 'text',
      name: 'number',
      label: 'Number',
      required: true,
      wide: true,
      placeholder: '+15551230001',
      help: 'Digits, with or without +; a trailing * matches every number that begins so',
    },
    {
      is: 'pointer',
      name: 'application_sid',
      label: 'Application',
      path: 'Applications',
      sid: 'application_sid',
      title: 'name',
      help: 'Answers the calls',
    },
    {
      is: 'pointer',
      name: 'voip_carrier_sid',
      label: 'Carrier',
      path: 'VoipCarriers',
      sid: 'voip_carrier_sid',
      title: 'name',
      help: 'Only for calls that come in by it',
    },
  ],
  empty: 'Add a number that a carrier sends to this server, and choose the application that answers it.',
};

export default function Numbers() {
  return <ResourcePage definition={numbers} />;
}
