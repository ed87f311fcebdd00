/** What went wrong, newest first; new ones come in by themselves. */
import { SegmentedControl, Select } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { BellRing } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { type AlertRow, api, type Page as Rows, query } from '../../api/index.ts';
import { type Column, Empty, ErrorNote, Mark, Page, Pager, Table, when } from '../../parts/index.ts';
import { useAccount, useUser } from '../../shell/index.ts';

const count = 25;

const types = [
  'webhook-failure',
  'webhook-connection-failure',
  'webhook-url-notfound',
  'webhook-auth-failure',
  'invalid-app-payload',
  'dial-refused',
  'no-carrier',
  'carrier-registration-failure',
  'tls-failure',
  'account-call-limit',
  'account-device-limit',
  'no-tts',
  'no-stt',
  'tts-failure',
  'stt-failure',
  'play-url-notfound',
  'media-failure',
  'alert-from-application',
  'error-updating-call',
];

const serverTypes = ['redis-away', 'redis-back', 'database-away', 'database-back', 'node-lost', 'calls-adopted'];

/** Whose alerts: the account's, or those of the server itself, which are for the administrator. */
type Whose = 'account' | 'server';

const columns: readonly Column<AlertRow>[] = [
  { head: 'When', cell: ({ time }) => <span className="nowrap">{when(time)}</span> },
  { head: 'Kind', cell: ({ alert_type: type }) => <Mark tone="warn">{type}</Mark> },
  {
    head: 'What',
    cell: ({ message, detail, url }) => (
      <div>
        {message}
        {detail === null || detail === message ? null : <div className="dim">{detail}</div>}
        {url === null ? null : <div className="mono dim">{url}</div>}
      </div>
    ),
  },
  {
    head: 'Call',
    cell: ({ target_sid: sid }) => (sid === null ? '–' : <Link href={`/call/${sid}`}>open</Link>),
  },
];

function useAlerts(whose: Whose, asked: { page: number; type: string }) {
  const { account_sid: accountSid } = useAccount();
  const path = whose === 'server' ? '/v1/Alerts' : `/v1/Accounts/${accountSid}/Alerts`;
  return useQuery({
    queryKey: ['alerts', path, asked],
    queryFn: () => api.get<Rows<AlertRow>>(`${path}${query({ page: asked.page, count, alert_type: asked.type })}`),
    placeholderData: keepPreviousData,
  });
}

export default function Alerts() {
  const admin = useUser().role === 'admin';
  const [whose, setWhose] = useState<Whose>('account');
  const [type, setType] = useState('');
  const [page, setPage] = useState(1);
  const { data, error, isPending } = useAlerts(whose, { page, type });
  const rows = data?.data ?? [];
  return (
    <Page title="Alerts" about="What went wrong, and which call it concerns.">
      <div className="row">
        {admin ? (
          <SegmentedControl
            aria-label="Whose alerts"
            value={whose}
            onChange={(next) => {
              setWhose(next as Whose);
              setType('');
              setPage(1);
            }}
            data={[
              { value: 'account', label: 'This account' },
              { value: 'server', label: 'The server itself' },
            ]}
          />
        ) : null}
        <Select
          aria-label="Kind of alert"
          w={250}
          searchable
          allowDeselect={false}
          data={[
            { value: '', label: 'Every kind' },
            ...(whose === 'server' ? serverTypes : types).map((value) => ({ value, label: value })),
          ]}
          value={type}
          onChange={(next) => {
            setType(next ?? '');
            setPage(1);
          }}
        />
      </div>
      <ErrorNote fault={error} />
      <div className="panel" aria-busy={isPending}>
        {rows.length === 0 && !isPending ? (
          <Empty icon={<BellRing size={28} strokeWidth={1.6} aria-hidden />} title="Nothing went wrong">
            {whose === 'server'
              ? 'When Redis, the database or another node goes away or comes back, it shows here as it happens.'
              : 'Hooks that fail, dials that are refused and carriers that do not answer show here as it happens.'}
          </Empty>
        ) : (
          <>
            <Table
              label="Alerts"
              columns={columns}
              rows={rows}
              keyOf={(row) => row.sid ?? `${row.time} ${row.message}`}
            />
            <Pager page={page} total={data?.total ?? 0} count={count} onPage={setPage} />
          </>
        )}
      </div>
    </Page>
  );
}
