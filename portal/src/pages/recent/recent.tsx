/** Ended calls, newest first, searched and paged by the server. */
import { Select, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ArrowDownLeft, ArrowUpRight, History, Search } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { api, type CallRecord, type Page as Rows, query } from '../../api/index.ts';
import {
  type Column,
  Empty,
  ErrorNote,
  figure,
  lasted,
  Mark,
  outcome,
  Page,
  Pager,
  party,
  Table,
  when,
} from '../../parts/index.ts';
import { useAccount } from '../../shell/index.ts';

const count = 25;

const columns: readonly Column<CallRecord>[] = [
  {
    head: 'Began',
    cell: (call) => (
      <Link href={`/call/${call.call_sid}`} className="nowrap">
        {when(call.attempted_at)}
      </Link>
    ),
  },
  {
    head: 'Way',
    cell: ({ direction }) =>
      direction === 'inbound' ? (
        <span className="way">
          <ArrowDownLeft size={14} aria-hidden /> in
        </span>
      ) : (
        <span className="way">
          <ArrowUpRight size={14} aria-hidden /> out
        </span>
      ),
  },
  { head: 'From', cell: ({ from }) => <bdi className="clip">{party(from)}</bdi> },
  { head: 'To', cell: ({ to }) => <bdi className="clip">{party(to)}</bdi> },
  { head: 'By', cell: ({ trunk }) => trunk },
  {
    head: 'Outcome',
    cell: ({ answered, sip_status: status, termination_reason: why }) =>
      answered ? <Mark tone="ok">answered</Mark> : <Mark tone="bad">{outcome(status, why)}</Mark>,
  },
  { head: 'Talk', cell: ({ duration, answered }) => (answered ? lasted(duration) : '–'), end: true },
  { head: 'MOS', cell: ({ mos }) => figure(mos, '', 2), end: true },
];

type Filters = { filter: string; direction: string; answered: string; days: string };

export default function Recent() {
  const { account_sid: accountSid } = useAccount();
  const [filters, setFilters] = useState<Filters>({ filter: '', direction: '', answered: '', days: '30' });
  const [page, setPage] = useState(1);
  const { data, error, isPending } = useQuery({
    queryKey: ['recent', accountSid, filters, page],
    queryFn: () =>
      api.get<Rows<CallRecord>>(`/v1/Accounts/${accountSid}/RecentCalls${query({ page, count, ...filters })}`),
    placeholderData: keepPreviousData,
  });
  const set = (part: Partial<Filters>) => {
    setFilters((before) => ({ ...before, ...part }));
    setPage(1);
  };
  const rows = data?.data ?? [];
  return (
    <Page title="Recent calls" about="Every leg that has ended, with its outcome and quality.">
      <div className="row">
        <TextInput
          className="grow"
          maw={340}
          aria-label="Search calls"
          placeholder="Number, name, call sid or Call-ID"
          leftSection={<Search size={15} />}
          value={filters.filter}
          onChange={(event) => set({ filter: event.currentTarget.value })}
        />
        <Select
          aria-label="Direction"
          w={130}
          allowDeselect={false}
          data={[
            { value: '', label: 'Both ways' },
            { value: 'inbound', label: 'Inbound' },
            { value: 'outbound', label: 'Outbound' },
          ]}
          value={filters.direction}
          onChange={(direction) => set({ direction: direction ?? '' })}
        />
        <Select
          aria-label="Outcome"
          w={140}
          allowDeselect={false}
          data={[
            { value: '', label: 'Any outcome' },
            { value: 'true', label: 'Answered' },
            { value: 'false', label: 'Not answered' },
          ]}
          value={filters.answered}
          onChange={(answered) => set({ answered: answered ?? '' })}
        />
        <Select
          aria-label="How far back"
          w={140}
          allowDeselect={false}
          data={[
            { value: '1', label: 'Last day' },
            { value: '7', label: 'Last 7 days' },
            { value: '30', label: 'Last 30 days' },
            { value: '365', label: 'Last year' },
          ]}
          value={filters.days}
          onChange={(days) => set({ days: days ?? '30' })}
        />
      </div>
      <ErrorNote fault={error} />
      <div className="panel" aria-busy={isPending}>
        {rows.length === 0 && !isPending ? (
          <Empty icon={<History size={28} strokeWidth={1.6} aria-hidden />} title="No such calls">
            {filters.filter === ''
              ? 'Calls are listed when they end. Those that run now are under live calls.'
              : 'Try a part of a number, or look further back.'}
          </Empty>
        ) : (
          <>
            <Table label="Recent calls" columns={columns} rows={rows} keyOf={({ call_sid: sid }) => sid} />
            <Pager page={page} total={data?.total ?? 0} count={count} onPage={setPage} />
          </>
        )}
      </div>
    </Page>
  );
}
