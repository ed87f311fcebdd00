/** Users that register: `/v1/Clients`. */
import { Type } from 'typebox';
import type { Client } from '../../ports/index.ts';
import { choice, flag, ignored, maybe, sid } from '../schema.ts';
import { orDefault, pick, type Resource, show } from './resource.ts';

const names = {
  username: 'username',
  isActive: 'is_active',
  allowDirectAppCalling: 'allow_direct_app_calling',
  allowDirectQueueCalling: 'allow_direct_queue_calling',
  allowDirectUserCalling: 'allow_direct_user_calling',
  srtp: 'srtp',
};

export const clients: Resource<'client'> = {
  kind: 'client',
  path: 'Clients',
  noun: 'client',
  sidField: 'client_sid',
  fields: {
    username: Type.String({
      pattern: '^[A-Za-z0-9_.!~*+-]{1,64}$',
      description: 'letters, digits and _ . ! ~ * + -, at most 64',
    }),
    password: Type.String({ minLength: 1, maxLength: 255, description: 'Write-only' }),
    account_sid: maybe(sid('Account it belongs to')),
    is_active: maybe(flag('Inactive users cannot register or call')),
    allow_direct_app_calling: maybe(flag('May call app-<sid>')),
    allow_direct_queue_calling: maybe(flag('May call queue-<name>')),
    allow_direct_user_calling: maybe(flag('May call other users by name')),
    srtp: maybe(
      choice('Encrypted audio. Empty: as the user calls; offered to devices on TLS', 'none', 'offer', 'require'),
    ),
    service_provider_sid: ignored,
  },
  required: ['username', 'password'],
  secrets: ['password'],
  pointers: [],
  filters: ['username'],
  hidden: (client) => client.softphone !== undefined,
  toFields: (client) => ({
    client_sid: client.sid,
    account_sid: client.accountSid,
    ...show(client, names),
    password: client.password,
  }),
  toEntity: (fields, identity) => ({
    ...identity,
    username: fields['username'] as string,
    password: fields['password'] as string,
    isActive: orDefault(fields['is_active'], true),
    allowDirectAppCalling: orDefault(fields['allow_direct_app_calling'], true),
    allowDirectQueueCalling: orDefault(fields['allow_direct_queue_calling'], true),
    allowDirectUserCalling: orDefault(fields['allow_direct_user_calling'], true),
    ...pick<Client>(fields, { srtp: 'srtp' }),
  }),
};
