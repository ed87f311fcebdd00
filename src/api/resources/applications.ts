/** Applications: `/v1/Applications`. */
import { Type } from 'typebox';
import type { Application } from '../../ports/index.ts';
import { describeFaults, parseApplication } from '../../verbs/index.ts';
import type { Detail } from '../errors.ts';
import { flag, hook, maybe, oneLine, sid, text, unused } from '../schema.ts';
import { hookFaults, hookFields, hookOf } from './hooks.ts';
import { type Fields, orDefault, type Resource } from './resource.ts';

const speech = [
  'speech_synthesis_vendor',
  'speech_synthesis_language',
  'speech_synthesis_voice',
  'speech_synthesis_label',
  'speech_recognizer_vendor',
  'speech_recognizer_language',
  'speech_recognizer_label',
  'fallback_speech_synthesis_vendor',
  'fallback_speech_synthesis_language',
  'fallback_speech_synthesis_voice',
  'fallback_speech_synthesis_label',
  'fallback_speech_recognizer_vendor',
  'fallback_speech_recognizer_language',
  'fallback_speech_recognizer_label',
];

const verbs = Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 200, description: 'Verbs to run' });

/** jambonz keeps app_json as text; a list is accepted as well. */
function verbsOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== 'string') return Array.isArray(value) ? (value as unknown[]) : undefined;
  try {
    const parsed = JSON.parse(value) as unknown;
    return Array.isArray(parsed) ? (parsed as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}

export function appJsonFaults(value: unknown, path: string): Detail[] {
  if (value === undefined || value === null || value === '') return [];
  const list = verbsOf(value);
  if (list === undefined) return [{ path, expected: 'a list of verbs, or its JSON text' }];
  const parsed = parseApplication(list);
  return parsed.ok ? [] : [{ path, expected: 'valid verbs', got: describeFaults(parsed.faults) }];
}

function speechOf(fields: Fields): Record<string, string> {
  const set = speech.filter((name) => typeof fields[name] === 'string' && fields[name] !== '');
  return Object.fromEntries(set.map((name) => [name, fields[name] as string]));
}

function optional(fields: Fields): Partial<Application> {
  const callHook = hookOf(fields['call_hook']);
  const callStatusHook = hookOf(fields['call_status_hook']);
  const fallbackHook = hookOf(fields['fallback_hook']);
  const appJson = verbsOf(fields['app_json']);
  const envVars = fields['env_vars'] as Record<string, string> | undefined | null;
  const said = speechOf(fields);
  return {
    ...(callHook === undefined ? {} : { callHook }),
    ...(callStatusHook === undefined ? {} : { callStatusHook }),
    ...(fallbackHook === undefined ? {} : { fallbackHook }),
    ...(appJson === undefined ? {} : { appJson }),
    ...(fields['record_all_calls'] ? { recordAllCalls: true } : {}),
    ...(envVars ? { envVars } : {}),
    ...(Object.keys(said).length === 0 ? {} : { speech: said }),
  };
}

export const applications: Resource<'application'> = {
  kind: 'application',
  path: 'Applications',
  noun: 'application',
  sidField: 'application_sid',
  fields: {
    name: text('Unique in its account'),
    account_sid: maybe(sid('Account it belongs to')),
    call_hook: maybe(hook),
    call_status_hook: maybe(hook),
    fallback_hook: maybe(hook),
    app_json: maybe(Type.Union([Type.String({ maxLength: 65_536, description: 'The same as JSON text' }), verbs])),
    record_all_calls: maybe(Type.Union([flag('Record every call'), Type.Enum([0, 1])])),
    env_vars: maybe(Type.Record(Type.String(), Type.String({ maxLength: 4096 }))),
    ...Object.fromEntries(speech.map((name) => [name, maybe(Type.String({ maxLength: 255, pattern: oneLine }))])),
    use_for_fallback_speech: unused,
    messaging_hook: unused,
    service_provider_sid: Type.Optional(Type.Unknown()),
  },
  required: ['name'],
  secrets: [],
  pointers: [],
  filters: ['name'],
  toFields: (application) => ({
    application_sid: application.sid,
    account_sid: application.accountSid,
    name: application.name,
    call_hook: hookFields(application.callHook),
    call_status_hook: hookFields(application.callStatusHook),
    fallback_hook: hookFields(application.fallbackHook),
    messaging_hook: null,
    app_json: application.appJson === undefined ? null : JSON.stringify(application.appJson),
    record_all_calls: application.recordAllCalls ?? false,
    env_vars: application.envVars ?? null,
    ...Object.fromEntries(speech.map((name) => [name, application.speech?.[name] ?? null])),
  }),
  toEntity: (fields, identity) => ({
    ...identity,
    name: orDefault(fields['name'], ''),
    ...optional(fields),
  }),
  check: (fields) => {
    const faults = [
      ...hookFaults(fields, ['call_hook', 'call_status_hook', 'fallback_hook']),
      ...appJsonFaults(fields['app_json'], '/app_json'),
    ];
    if (fields['call_hook'] || fields['app_json']) return faults;
    return [...faults, { path: '/call_hook', expected: 'a hook, or app_json in its place', got: 'nothing' }];
  },
};
