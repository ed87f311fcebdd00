/** Microsoft Teams tenants: `/v1/MicrosoftTeamsTenants`. Kept for dials of type `teams`. */
import { Type } from 'typebox';
import type { TeamsTenant } from '../../ports/index.ts';
import { flag, hostName, hostPattern, ignored, maybe, sid } from '../schema.ts';
import { orDefault, pick, type Resource } from './resource.ts';

const microsoft = [
  'sip.pstnhub.microsoft.com:5061',
  'sip2.pstnhub.microsoft.com:5061',
  'sip3.pstnhub.microsoft.com:5061',
];

const gateway = Type.String({
  minLength: 1,
  maxLength: 260,
  pattern: `^${hostPattern}(:\\d{1,5})?$`,
  description: 'host:port',
});

export const teamsTenants: Resource<'teamsTenant'> = {
  kind: 'teamsTenant',
  path: 'MicrosoftTeamsTenants',
  noun: 'Teams tenant',
  sidField: 'ms_teams_tenant_sid',
  fields: {
    account_sid: maybe(sid('Account it belongs to')),
    application_sid: maybe(sid('Application that answers calls from Teams')),
    tenant_fqdn: hostName('the tenant'),
    sbc_fqdn: maybe(hostName('what Microsoft knows this server by; default: tenant_fqdn')),
    gateways: maybe(Type.Array(gateway, { maxItems: 10, description: 'Empty: those of Microsoft' })),
    media_bypass: maybe(flag('Calls to Teams are offered with ICE')),
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
    media_bypass: tenant.mediaBypass === true,
  }),
  toEntity: (fields, identity) => ({
    ...identity,
    ...pick<TeamsTenant>(fields, { applicationSid: 'application_sid' }),
    tenantFqdn: fields['tenant_fqdn'] as string,
    sbcFqdn: orDefault(fields['sbc_fqdn'], fields['tenant_fqdn'] as string),
    gateways: gatewaysOf(fields['gateways']),
    ...(fields['media_bypass'] === true ? { mediaBypass: true } : {}),
  }),
};

function gatewaysOf(given: unknown): readonly string[] {
  return Array.isArray(given) && given.length > 0 ? (given as string[]) : microsoft;
}
