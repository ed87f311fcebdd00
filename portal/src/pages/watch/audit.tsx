/** Who did what: every change, every sign-in and every failure to. */
import { Switch } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { useState } from 'react';
import { api, type AuditRow, type Page as Rows, query } from '../../api/index.ts';
import { type Column, Empty, ErrorNote, Page, Pager, pretty, Table, when } from '../../parts/index.ts';
import { useAccount, useUser } from '../../shell/index.ts';

const count = 25;

function detailOf(detail: unknown): string {
  if (detail === null || detail === undefined) return '';
  const text = typeof detail === 'string' ? detail : JSON.stringify(detail);
  return text === '{}' ? '' : text;
}

const columns: readonly Column<AuditRow>[] = [
  { head: 'When', cell: ({ at }) => <span className="nowrap">{when(at)}</span> },
  {
    head: 'Who',
    cell: ({ who }) => (
      <span>
        <bdi>{who.name ?? (who.key_sid === undefined ? 'nobody' : 'an API key')}</bdi>{' '}
        <span className="dim">{who.role ?? ''}</span>
      </span>
    ),
  },
  { head: 'Did', cell: ({ action }) => action },
  { head: 'To', cell: ({ what }) => <span className="mono">{what}</span> },
  { head: 'From', cell: ({ address }) => <span className="mono">{address}</span> },
  {
    head: 'Detail',
    cell: ({ detail }) =>
      detailOf(detail).length > 80 ? (
        <details>
          <summary className="dim">{detailOf(detail).slice(0, 60)} …</summary>
          <pre>{pretty(detail)}</pre>
        </details>
      ) : (
        <span className="dim">{detailOf(detail)}</span>
      ),
  },
];

export default function Audit() {
  const { account_sid: accountSid } = useAccount();
  const admin = useUser().role === 'admin';
  const [everything, setEverything] = useState(admin);
  const [page, setPage] = useState(1);
  const wanted = everything ? undefined : accountSid;
  const { data, error, isPending } = useQuery({
    queryKey: ['audit', wanted, page],
    queryFn: () => api.get<Rows<AuditRow>>(`/v1/AuditLog${query({ account_sid: wanted, page, count })}`),
    placeholderData: keepPreviousData,
  });
  const rows = data?.data ?? [];
  return (
    <Page title="Audit log" about="Every change by people and keys, and every sign-in. Secrets are masked.">
      {admin ? (
        <Switch
          label="All accounts, and what belongs to none"
          checked={everything}
          onChange={(event) => {
            setEverything(event.currentTarget.checked);
            setPage(1);
          }}
        />
      ) : null}
      <ErrorNote fault={error} />
      <div className="panel" aria-busy={isPending}>
        {rows.length === 0 && !isPending ? (
          <Empty icon={<ScrollText size={28} strokeWidth={1.6} aria-hidden />} title="Nothing is logged yet">
            What people and API keys change in this account is written here.
          </Empty>
        ) : (
          <>
            <Table
              label="Audit log"
              columns={columns}
              rows={rows}
              keyOf={(row) => `${row.at} ${row.action} ${row.what} ${row.address}`}
            />
            <Pager page={page} total={data?.total ?? 0} count={count} onPage={setPage} />
          </>
        )}
      </div>
    </Page>
  );
}
