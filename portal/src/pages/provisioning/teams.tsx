import { Waypoints } from 'lucide-react';
import { type Definition, ResourcePage, textOf } from '../resources/index.ts';
import { ApplicationName } from './names.tsx';

const teams: Definition = {
  title: 'Teams tenants',
  noun: 'Teams tenant',
  about: 'Microsoft Teams by direct routing: dial targets of type teams.',
  icon: Waypoints,
  path: 'MicrosoftTeamsTenants',
  sid: 'ms_teams_tenant_sid',
  nameOf: (row) => textOf(row, 'tenant_fqdn'),
  columns: [
    { head: 'Tenant', cell: (row) => <span className="mono">{textOf(row, 'tenant_fqdn')}</span> },
    { head: 'Known to Microsoft as', cell: (row) => <span className="mono">{textOf(row, 'sbc_fqdn')}</span> },
    { head: 'Application', cell: (row) => <ApplicationName sid={row['application_sid']} /> },
  ],
  fields: [
    { is: 'text', name: 'tenant_fqdn', label: 'Host name of the tenant', required: true, wide: true },
    { is: 'text', name: 'sbc_fqdn', label: 'Host name of this server', help: 'Empty: as the tenant' },
    {
      is: 'pointer',
      name: 'application_sid',
      label: 'Application',
      path: 'Applications',
      sid: 'application_sid',
      title: 'name',
      help: 'Answers calls from Teams',
    },
    {
      is: 'switch',
      name: 'media_bypass',
      label: 'Media bypass',
      help: 'Calls are offered with ICE: audio may come straight from the user’s Teams',
      wide: true,
    },
    { is: 'list', name: 'gateways', label: 'Gateways', help: 'host:port, one a line. Empty: those of Microsoft' },
  ],
  empty: 'Add the host name under which your tenant knows this server as its session border controller.',
};

export default function Teams() {
  return <ResourcePage definition={teams} />;
}
