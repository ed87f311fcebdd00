/** Microsoft Teams tenants: `/v1/MicrosoftTeamsTenants`. Kept for dials of type `teams`. */
import { Type } from 'typebox';
import type { TeamsTenant } from '../../ports/index.ts';
import { ignored, maybe, sid, text } from '../schema.ts';
import { orDefault, pick, type Resource } from './resource.ts';

const microsoft = [
  'sip.pstnhub.microsoft.com:5061',
  'sip2.pstnhub.microsoft.com:5061',
  'sip3.pstnhub.microsoft.com:5061',
];

export const teamsTenants: Resource<'teamsTenant'> = {
  kind: 'teamsTenant',
  path: 'MicrosoftTeamsTenants',
  noun: 'Teams tenant',
  sidField: 'ms_teams_tenant_sid',
  fields: {
    account_sid: maybe(sid('Account it belongs to')),
    application_sid: maybe(sid('Application that answers calls from Teams')),
    tenant_fqdn: text('Host name of the tenant', 253),
    sbc_fqdn: maybe(text('Host name Microsoft knows this server by; default: tenant_fqdn', 253)),
    gateways: maybe(Type.Array(text('host:port', 300), { maxItems: 10 })),
    service_provider_sid: ignored,
  },
  required: ['tenant_fqdn'],
  secrets: [],
  pointers: [{ field: 'application_sid', kind: 'application' }],
  filters: ['tenant_fqdn'],
  toFields: (tenant) => ({
    ms_teams_tenant_sid: tenant.sid,
    account_sid: tenant.accountSid,
    application_sid: tenant.applicationSid ?? null,
    tenant_fqdn: tenant.tenantFqdn,
    sbc_fqdn: tenant.sbcFqdn,
    gateways: tenant.gateways,
  }),
  toEntity: (fields, identity) => ({
    ...identity,
    ...pick<TeamsTenant>(fields, { applicationSid: 'application_sid' }),
    tenantFqdn: fields['tenant_fqdn'] as string,
    sbcFqdn: orDefault(fields['sbc_fqdn'], fields['tenant_fqdn'] as string),
    gateways: orDefault<readonly string[]>(fields['gateways'], microsoft),
  }),
};
