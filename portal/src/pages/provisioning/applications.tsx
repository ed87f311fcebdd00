import { AppWindow } from 'lucide-react';
import { Copy, Mark } from '../../parts/index.ts';
import { type Definition, ResourcePage, type Row, textOf } from '../resources/index.ts';

function hookUrl(row: Row): string {
  const hook = row['call_hook'];
  if (hook === null || hook === undefined) return '';
  return typeof hook === 'string' ? hook : textOf(hook as Row, 'url');
}

const applications: Definition = {
  title: 'Applications',
  noun: 'application',
  about: 'What a call is asked to do: your web application, or a fixed list of verbs.',
  icon: AppWindow,
  path: 'Applications',
  sid: 'application_sid',
  nameOf: (row) => textOf(row, 'name'),
  columns: [
    { head: 'Name', cell: (row) => textOf(row, 'name') },
    {
      head: 'Answers by',
      cell: (row) =>
        hookUrl(row) === '' ? <Mark tone="info">fixed verbs</Mark> : <span className="mono">{hookUrl(row)}</span>,
    },
    { head: 'Records', cell: (row) => (row['record_all_calls'] === true ? 'every call' : '–') },
    {
      head: 'Sid',
      cell: (row) => (
        <span className="nowrap">
          <code>{textOf(row, 'application_sid').slice(0, 8)}…</code>
          <Copy text={textOf(row, 'application_sid')} what="sid" />
        </span>
      ),
    },
  ],
  fields: [
    { is: 'text', name: 'name', label: 'Name', required: true, wide: true },
    { is: 'hook', name: 'call_hook', label: 'Call hook', help: 'Asked when a call begins; answers with verbs' },
    { is: 'hook', name: 'call_status_hook', label: 'Status hook', help: 'Told of every change of a call' },
    { is: 'hook', name: 'fallback_hook', label: 'Fallback hook', help: 'Asked where the call hook fails' },
    {
      is: 'json',
      name: 'app_json',
      label: 'Fixed verbs',
      help: 'A list of verbs, in place of the call hook',
      placeholder: '[{ "verb": "dial", "target": [{ "type": "user", "name": "bob" }] }]',
    },
    { is: 'switch', name: 'record_all_calls', label: 'Record every call', wide: true },
    { is: 'text', name: 'speech_synthesis_vendor', label: 'Voice by', help: 'Vendor of speech, where verbs name none' },
    { is: 'text', name: 'speech_synthesis_language', label: 'Language', placeholder: 'en-US' },
    { is: 'text', name: 'speech_synthesis_voice', label: 'Voice' },
    { is: 'text', name: 'speech_recognizer_vendor', label: 'Recognised by' },
    { is: 'text', name: 'speech_recognizer_language', label: 'Language heard', placeholder: 'en-US' },
    {
      is: 'json',
      name: 'env_vars',
      label: 'Variables',
      help: 'Sent as env_vars with the first hook of a call',
      placeholder: '{ "greeting": "Good morning" }',
    },
  ],
  empty:
    'An application is a URL that answers calls with verbs, or the verbs themselves. Numbers, carriers and SIP users point at it.',
};

export default function Applications() {
  return <ResourcePage definition={applications} />;
}
