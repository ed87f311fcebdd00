/** Keys of speech vendors: `/v1/SpeechCredentials`, fields as in jambonz. What lets in is never shown again. */
import { Type } from 'typebox';
import { flag, ignored, maybe, prose, sid, text } from '../schema.ts';
import { type Fields, orDefault, type Resource } from './resource.ts';

const secrets = [
  'api_key',
  'auth_token',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'service_key',
] as const;
const urls = [
  'base_url',
  'custom_tts_url',
  'custom_stt_url',
  'custom_translate_url',
  'custom_tts_endpoint_url',
  'custom_stt_endpoint_url',
  'deepgram_tts_uri',
  'deepgram_stt_uri',
  'api_uri',
] as const;
const others = ['region', 'aws_region', 'model_id'] as const;
const settings = [...secrets, ...urls, ...others];

export const speechCredentials: Resource<'speechCredential'> = {
  kind: 'speechCredential',
  path: 'SpeechCredentials',
  noun: 'speech credential',
  sidField: 'speech_credential_sid',
  fields: {
    account_sid: maybe(sid('Account it belongs to')),
    vendor: Type.String({
      pattern: '^(custom:)?[A-Za-z0-9_.-]{1,64}$',
      description:
        'openai, google, microsoft, aws, deepgram, elevenlabs, assemblyai, deepl, libretranslate, or custom:name',
    }),
    label: maybe(text('Tells several credentials of one vendor apart; verbs name it', 64)),
    use_for_tts: maybe(flag('Speaks; default true')),
    use_for_stt: maybe(flag('Listens; default true')),
    ...Object.fromEntries(secrets.map((name) => [name, maybe(prose('Write-only', 16_384))])),
    ...Object.fromEntries(
      urls.map((name) => [name, maybe(text('Where the vendor is, when not at its usual place', 2048))]),
    ),
    ...Object.fromEntries(others.map((name) => [name, maybe(text('As the vendor asks for it', 255))])),
    service_provider_sid: ignored,
  },
  required: ['vendor'],
  secrets,
  addresses: [...urls, 'region', 'aws_region'],
  pointers: [],
  filters: ['vendor', 'label'],
  toFields: (credential) => ({
    speech_credential_sid: credential.sid,
    account_sid: credential.accountSid,
    vendor: credential.vendor,
    label: credential.label ?? null,
    use_for_tts: credential.useForTts,
    use_for_stt: credential.useForStt,
    ...Object.fromEntries(settings.map((name) => [name, credential.settings[name] ?? null])),
  }),
  toEntity: (fields, identity) => ({
    ...identity,
    vendor: (fields['vendor'] as string).toLowerCase(),
    ...(typeof fields['label'] === 'string' && fields['label'] !== '' ? { label: fields['label'] } : {}),
    useForTts: orDefault(fields['use_for_tts'], true),
    useForStt: orDefault(fields['use_for_stt'], true),
    settings: settingsOf(fields),
  }),
};

function settingsOf(fields: Fields): Record<string, string> {
  const set = settings.filter((name) => typeof fields[name] === 'string' && fields[name] !== '');
  return Object.fromEntries(set.map((name) => [name, fields[name] as string]));
}
