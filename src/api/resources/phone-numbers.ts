/** Numbers and what answers them: `/v1/PhoneNumbers`. */
import { Type } from 'typebox';
import type { PhoneNumber } from '../../ports/index.ts';
import { ignored, maybe, sid } from '../schema.ts';
import { pick, type Resource } from './resource.ts';

export const phoneNumbers: Resource<'phoneNumber'> = {
  kind: 'phoneNumber',
  path: 'PhoneNumbers',
  noun: 'phone number',
  sidField: 'phone_number_sid',
  fields: {
    number: Type.String({
      pattern: '^\\+?[0-9]{1,32}\\*?$|^\\*$',
      description: 'digits, with or without +; a trailing * matches every number that begins so',
    }),
    voip_carrier_sid: maybe(sid('Only for calls that come in by this carrier')),
    account_sid: maybe(sid('Account it belongs to')),
    application_sid: maybe(sid('Application that answers it')),
    service_provider_sid: ignored,
  },
  required: ['number'],
  secrets: [],
  pointers: [
    { field: 'voip_carrier_sid', kind: 'carrier' },
    { field: 'application_sid', kind: 'application' },
  ],
  filters: ['number', 'voip_carrier_sid', 'application_sid'],
  toFields: (number) => ({
    phone_number_sid: number.sid,
    account_sid: number.accountSid,
    number: number.number,
    voip_carrier_sid: number.carrierSid ?? null,
    application_sid: number.applicationSid ?? null,
  }),
  toEntity: (fields, identity) => ({
    ...identity,
    number: String(fields['number']).replace(/^\+/, ''),
    ...pick<PhoneNumber>(fields, { carrierSid: 'voip_carrier_sid', applicationSid: 'application_sid' }),
  }),
};
