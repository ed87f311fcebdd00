/** Who is registered now, one row a contact; changes come by the live feed. */
import { useQuery } from '@tanstack/react-query';
import { MonitorSmartphone } from 'lucide-react';
import { Link } from 'wouter';
import { useState } from 'react';
import { api, type Registered } from '../../api/index.ts';
import { type Column, Empty, ErrorNote, Page, Pager, Table, when } from '../../parts/index.ts';
import { useAccount } from '../../shell/index.ts';

const count = 50;

const columns: readonly Column<Registered>[] = [
  { head: 'User', cell: ({ name }) => <bdi>{name}</bdi> },
  { head: 'By', cell: ({ protocol }) => protocol },
  { head: 'From', cell: ({ source }) => <span className="mono">{source}</span> },
  { head: 'Device', cell: ({ user_agent: agent }) => agent ?? '–' },
  { head: 'Since', cell: ({ registered_at: at }) => when(at) },
  { head: 'Until', cell: ({ expiryTime }) => when(expiryTime) },
];

export default function Devices() {
  const { account_sid: accountSid } = useAccount();
  const [page, setPage] = useState(1);
  const { data, error, isPending } = useQuery({
    queryKey: ['devices', accountSid],
    queryFn: () => api.get<Registered[]>(`/v1/Accounts/${accountSid}/RegisteredSipUsers`),
  });
  const all = data ?? [];
  return (
    <Page title="Devices" about="Phones and softphones that are registered now.">
      <ErrorNote fault={error} />
      <div className="panel" aria-busy={isPending}>
        {all.length === 0 && !isPending ? (
          <Empty icon={<MonitorSmartphone size={28} strokeWidth={1.6} aria-hidden />} title="No device is registered">
            Make a <Link href="/clients">SIP user</Link> and register a phone with its name and password.
          </Empty>
        ) : (
          <>
            <Table
              label="Registered devices"
              columns={columns}
              rows={all.slice((page - 1) * count, page * count)}
              keyOf={({ name, contact, source }) => `${name} ${contact} ${source}`}
            />
            {all.length > count ? <Pager page={page} total={all.length} count={count} onPage={setPage} /> : null}
          </>
        )}
      </div>
    </Page>
  );
}
