import { AudioLines } from 'lucide-react';
import { type Definition, ResourcePage, type Row, textOf } from '../resources/index.ts';

const aws = (values: Row) => values['vendor'] === 'aws';
const plain = (values: Row) => values['vendor'] !== 'aws' && values['vendor'] !== 'google';

const speech: Definition = {
  title: 'Speech',
  noun: 'speech credential',
  about: 'Keys of the vendors that speak and listen. A voice and a recogniser of this server need none.',
  icon: AudioLines,
  path: 'SpeechCredentials',
  sid: 'speech_credential_sid',
  nameOf: (row) => [textOf(row, 'vendor'), textOf(row, 'label')].filter(Boolean).join(' '),
  columns: [
    { head: 'Vendor', cell: (row) => textOf(row, 'vendor') },
    { head: 'Label', cell: (row) => textOf(row, 'label') || '–' },
    { head: 'Speaks', cell: (row) => (row['use_for_tts'] === true ? 'yes' : 'no') },
    { head: 'Listens', cell: (row) => (row['use_for_stt'] === true ? 'yes' : 'no') },
    { head: 'Region', cell: (row) => textOf(row, 'region') || textOf(row, 'aws_region') || '–' },
  ],
  fields: [
    {
      is: 'text',
      name: 'vendor',
      label: 'Vendor',
      required: true,
      placeholder: 'deepgram',
      help: 'openai, google, microsoft, aws, deepgram, elevenlabs, assemblyai, deepl, libretranslate, or custom:name',
    },
    { is: 'text', name: 'label', label: 'Label', help: 'Tells several of one vendor apart' },
    { is: 'switch', name: 'use_for_tts', label: 'Speaks', standard: true },
    { is: 'switch', name: 'use_for_stt', label: 'Listens', standard: true },
    { is: 'secret', name: 'api_key', label: 'API key', when: plain, wide: true },
    {
      is: 'secret',
      name: 'auth_token',
      label: 'Auth token',
      when: (values) => textOf(values, 'vendor').startsWith('custom:'),
    },
    {
      is: 'secret',
      name: 'service_key',
      label: 'Service key',
      when: (values) => values['vendor'] === 'google',
      wide: true,
    },
    { is: 'secret', name: 'access_key_id', label: 'Access key id', when: aws },
    { is: 'secret', name: 'secret_access_key', label: 'Secret access key', when: aws },
    { is: 'text', name: 'aws_region', label: 'AWS region', when: aws },
    { is: 'text', name: 'region', label: 'Region', when: (values) => !aws(values) },
    { is: 'text', name: 'model_id', label: 'Model' },
    { is: 'text', name: 'base_url', label: 'Base URL', help: 'When the vendor is not at its usual place', wide: true },
    {
      is: 'text',
      name: 'custom_tts_url',
      label: 'URL that speaks',
      when: (values) => textOf(values, 'vendor').startsWith('custom:'),
      wide: true,
    },
    {
      is: 'text',
      name: 'custom_stt_url',
      label: 'URL that listens',
      when: (values) => textOf(values, 'vendor').startsWith('custom:'),
      wide: true,
    },
  ],
  empty: 'Add the key of a vendor to use its voices and its recogniser in say, gather and transcribe.',
};

export default function Speech() {
  return <ResourcePage definition={speech} />;
}
