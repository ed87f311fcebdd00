/** A list of things of the account: search, page by page, make, change, delete. */
import { ActionIcon, Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Pencil, Plus, Search, Trash2 } from 'lucide-react';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { api, query } from '../../api/index.ts';
import { type Column, Confirm, Empty, ErrorNote, Page, Pager, Table, toast } from '../../parts/index.ts';
import { useAccount, useMayWrite, useUser } from '../../shell/index.ts';
import { type Definition, pathOf, type Row, textOf } from './definition.ts';
import { ResourceForm } from './form.tsx';

const count = 50;

type Doing =
  | { readonly is: 'nothing' }
  | { readonly is: 'form'; readonly row: Row | undefined }
  | { readonly is: 'delete'; readonly row: Row };

function useRows(definition: Definition) {
  const { account_sid: accountSid } = useAccount();
  const path = `${pathOf(definition, accountSid)}${query(definition.fixed ?? {})}`;
  return useQuery({
    queryKey: ['list', definition.path, accountSid, definition.fixed],
    queryFn: () => api.get<Row[]>(path),
  });
}

function matches(row: Row, wanted: string): boolean {
  if (wanted === '') return true;
  return Object.values(row).some((value) => typeof value === 'string' && value.toLowerCase().includes(wanted));
}

function buttons(
  definition: Definition,
  act: (doing: Doing) => void,
  may: { change: boolean; remove: boolean },
): Column<Row> {
  return {
    head: '',
    end: true,
    cell: (row) => (
      <span className="nowrap">
        {may.change ? definition.extra?.(row) : null}
        {may.change ? (
          <ActionIcon
            variant="subtle"
            aria-label={`Change ${definition.nameOf(row)}`}
            onClick={() => act({ is: 'form', row })}
          >
            <Pencil size={15} />
          </ActionIcon>
        ) : null}
        {may.remove ? (
          <ActionIcon
            variant="subtle"
            color="red"
            aria-label={`Delete ${definition.nameOf(row)}`}
            onClick={() => act({ is: 'delete', row })}
          >
            <Trash2 size={15} />
          </ActionIcon>
        ) : null}
      </span>
    ),
  };
}

function Delete({ definition, row, onClose }: { definition: Definition; row: Row; onClose: () => void }) {
  const { account_sid: accountSid } = useAccount();
  const client = useQueryClient();
  return (
    <Confirm
      title={`Delete ${definition.nameOf(row)}?`}
      verb="Delete"
      onClose={onClose}
      onConfirm={async () => {
        await api.remove(`${pathOf(definition, accountSid)}/${textOf(row, definition.sid)}`);
        await client.invalidateQueries();
        toast(`The ${definition.noun} was deleted`);
      }}
    >
      This cannot be undone. Calls that are running go on.
    </Confirm>
  );
}

export function ResourceList({ definition }: { readonly definition: Definition }): ReactNode {
  const { data, error, isPending } = useRows(definition);
  const [doing, act] = useState<Doing>({ is: 'nothing' });
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const admin = useUser().role === 'admin';
  const writes = useMayWrite();
  const may = { change: writes, remove: writes && (definition.adminOnly !== true || admin) };
  const found = (data ?? []).filter((row) => matches(row, wanted));
  const shown = found.slice((page - 1) * count, page * count);
  const make = may.remove ? (
    <Button leftSection={<Plus size={15} />} onClick={() => act({ is: 'form', row: undefined })}>
      New {definition.noun}
    </Button>
  ) : null;
  const close = () => act({ is: 'nothing' });
  const Icon = definition.icon;
  return (
    <>
      <div className="row">
        <TextInput
          className="grow"
          maw={340}
          aria-label={`Search ${definition.title}`}
          placeholder="Search"
          leftSection={<Search size={15} />}
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
            setPage(1);
          }}
        />
        <span className="grow" />
        {make}
      </div>
      <ErrorNote fault={error} />
      <div className="panel" aria-busy={isPending}>
        {found.length === 0 && !isPending && error === null ? (
          <Empty
            icon={<Icon size={28} strokeWidth={1.6} aria-hidden />}
            title={wanted === '' ? `No ${definition.noun} yet` : `Nothing matches “${search}”`}
            action={wanted === '' ? make : null}
          >
            {wanted === '' ? definition.empty : 'Try another word.'}
          </Empty>
        ) : (
          <>
            <Table
              label={definition.title}
              columns={may.change ? [...definition.columns, buttons(definition, act, may)] : definition.columns}
              rows={shown}
              keyOf={(row) => textOf(row, definition.sid)}
            />
            {found.length > count ? <Pager page={page} total={found.length} count={count} onPage={setPage} /> : null}
          </>
        )}
      </div>
      {doing.is === 'form' ? <ResourceForm definition={definition} row={doing.row} onClose={close} /> : null}
      {doing.is === 'delete' ? <Delete definition={definition} row={doing.row} onClose={close} /> : null}
    </>
  );
}

export function ResourcePage({ definition }: { readonly definition: Definition }) {
  return (
    <Page title={definition.title} about={definition.about}>
      <ResourceList definition={definition} />
    </Page>
  );
}
