/** Accounts: `/v1/Accounts`. */
import type { Account } from '../../ports/index.ts';
import { choice, flag, hook, hostName, ignored, integer, maybe, sid, text, unused } from '../schema.ts';
import { hookFaults, hookFields, hookOf } from './hooks.ts';
import { orDefault, pick, type Resource, show } from './resource.ts';

const names = {
  name: 'name',
  sipRealm: 'sip_realm',
  deviceCallingApplicationSid: 'device_calling_application_sid',
  maxCalls: 'max_calls',
  maxCps: 'max_cps',
  ownNumbersOnly: 'own_numbers_only',
  isActive: 'is_active',
};

export const accounts: Resource<'account'> = {
  kind: 'account',
  path: 'Accounts',
  noun: 'account',
  sidField: 'account_sid',
  fields: {
    name: text('Unique name'),
    sip_realm: maybe(hostName('the SIP domain its users register at')),
    device_calling_application_sid: maybe(sid('Application that runs when a registered user places a call')),
    registration_hook: maybe(hook),
    max_calls: maybe(integer('Most calls at once; more get 503', 1, 1_000_000)),
    max_cps: maybe(integer('Most new calls a second; more get 503', 1, 100_000)),
    own_numbers_only: maybe(flag('A caller id that an application or a user sets must be a number of the account')),
    is_active: maybe(flag('Calls of an inactive account are refused')),
    webhook_secret: maybe(text('Signs every hook; made when left out; write-only')),
    service_provider_sid: ignored,
    plan_type: maybe(choice('Ignored', 'free', 'paid', 'trial', 'enterprise')),
    queue_event_hook: unused,
    siprec_hook_sid: unused,
    disable_cdrs: unused,
    record_all_calls: unused,
    record_format: unused,
    bucket_credential: unused,
    enable_debug_log: unused,
  },
  required: ['name'],
  secrets: ['webhook_secret'],
  adminFields: ['max_calls', 'max_cps', 'own_numbers_only', 'is_active', 'sip_realm', 'name'],
  pointers: [{ field: 'device_calling_application_sid', kind: 'application' }],
  filters: ['name', 'sip_realm'],
  toFields: (account) => ({
    account_sid: account.sid,
    ...show(account, names),
    registration_hook: hookFields(account.registrationHook),
    webhook_secret: account.webhookSecret,
  }),
  toEntity: (fields, { sid: own }, { random }) => {
    const registrationHook = hookOf(fields['registration_hook']);
    return {
      sid: own,
      name: fields['name'] as string,
      ...pick<Account>(fields, {
        sipRealm: 'sip_realm',
        deviceCallingApplicationSid: 'device_calling_application_sid',
        maxCalls: 'max_calls',
        maxCps: 'max_cps',
        ownNumbersOnly: 'own_numbers_only',
      }),
      ...(registrationHook === undefined ? {} : { registrationHook }),
      webhookSecret: orDefault(fields['webhook_secret'], `wh_${random.token(32)}`),
      isActive: orDefault(fields['is_active'], true),
    };
  },
  check: (fields) => hookFaults(fields, ['registration_hook']),
};
