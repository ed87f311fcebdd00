/** API keys: a token is shown once, when it is made. */
import { ActionIcon, Button, Checkbox, Modal, NumberInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { api, type ApiKeyRow } from '../../api/index.ts';
import {
  Confirm,
  Copy,
  Empty,
  ErrorNote,
  faultsOf,
  Page,
  sentence,
  Table,
  toast,
  useFocusBack,
  when,
} from '../../parts/index.ts';
import { useAccount, useUser } from '../../shell/index.ts';

function nameOf({ name, api_key_sid: sid }: ApiKeyRow): string {
  return name ?? sid.slice(0, 8);
}

function Made({ token }: { readonly token: string }) {
  return (
    <div className="stack">
      <div className="note ok">This is the only time the token is shown. Keep it where secrets are kept.</div>
      <div className="secret">
        <code className="grow">{token}</code>
        <Copy text={token} what="token" />
      </div>
    </div>
  );
}

function NewKey({ onClose }: { readonly onClose: () => void }) {
  useFocusBack();
  const { account_sid: accountSid } = useAccount();
  const admin = useUser().role === 'admin';
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [days, setDays] = useState<number | string>('');
  const [whole, setWhole] = useState(false);
  const [token, setToken] = useState<string>();
  const [fault, setFault] = useState<unknown>();
  const said = Object.fromEntries(faultsOf(fault).map((each) => [each.path, `Must be ${sentence(each)}`]));
  const make = async (event: FormEvent) => {
    event.preventDefault();
    setFault(undefined);
    try {
      const made = await api.post<{ token: string }>('/v1/ApiKeys', {
        ...(whole ? {} : { account_sid: accountSid }),
        ...(name === '' ? {} : { name }),
        ...(days === '' ? {} : { expiry_secs: Math.round(Number(days) * 86_400) }),
      });
      setToken(made.token);
      await client.invalidateQueries({ queryKey: ['keys'] });
    } catch (each) {
      setFault(each);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title="New API key"
      lockScroll={false}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {token === undefined ? (
        <form className="stack" noValidate onSubmit={(event) => void make(event)}>
          <TextInput
            label="Name"
            description="To tell keys apart"
            value={name}
            error={said['/name']}
            data-autofocus
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NumberInput
            label="Days until it is refused"
            description="Empty: never"
            hideControls
            value={days}
            error={said['/expiry_secs']}
            onChange={setDays}
          />
          {admin ? (
            <Checkbox
              label="An administrator key: for all accounts"
              checked={whole}
              onChange={(event) => setWhole(event.currentTarget.checked)}
            />
          ) : null}
          <ErrorNote fault={fault} shown={['/name', '/expiry_secs']} />
          <div className="row form-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit">Create key</Button>
          </div>
        </form>
      ) : (
        <div className="stack">
          <Made token={token} />
          <Button onClick={onClose}>I have kept it</Button>
        </div>
      )}
    </Modal>
  );
}

export default function Keys() {
  const admin = useUser().role === 'admin';
  const { account_sid: accountSid } = useAccount();
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [deleting, setDeleting] = useState<ApiKeyRow>();
  const { data, error, isPending } = useQuery({
    queryKey: ['keys', accountSid],
    queryFn: () => api.get<ApiKeyRow[]>('/v1/ApiKeys'),
  });
  const rows = (data ?? []).filter((key) => key.account_sid === accountSid || (admin && key.account_sid === null));
  const make = (
    <Button leftSection={<Plus size={15} />} onClick={() => setMaking(true)}>
      New API key
    </Button>
  );
  return (
    <Page
      title="API keys"
      about="Let programs in. A key opens its account; an administrator key opens all."
      actions={make}
    >
      <ErrorNote fault={error} />
      <div className="panel" aria-busy={isPending}>
        {rows.length === 0 && !isPending ? (
          <Empty icon={<KeyRound size={28} strokeWidth={1.6} aria-hidden />} title="No API key yet" action={make}>
            A program sends its key with every request: Authorization: Bearer …
          </Empty>
        ) : (
          <Table
            label="API keys"
            rows={rows}
            keyOf={(key) => key.api_key_sid}
            columns={[
              { head: 'Name', cell: nameOf },
              { head: 'For', cell: (key) => (key.account_sid === null ? 'all accounts' : 'this account') },
              { head: 'Made', cell: (key) => when(key.created_at) },
              { head: 'Refused from', cell: (key) => (key.expires_at === null ? 'never' : when(key.expires_at)) },
              {
                head: '',
                end: true,
                cell: (key) => (
                  <ActionIcon
                    variant="subtle"
                    color="red"
                    aria-label={`Delete ${nameOf(key)}`}
                    onClick={() => setDeleting(key)}
                  >
                    <Trash2 size={15} />
                  </ActionIcon>
                ),
              },
            ]}
          />
        )}
      </div>
      {making ? <NewKey onClose={() => setMaking(false)} /> : null}
      {deleting === undefined ? null : (
        <Confirm
          title={`Delete the key ${nameOf(deleting)}?`}
          verb="Delete"
          onClose={() => setDeleting(undefined)}
          onConfirm={async () => {
            await api.remove(`/v1/ApiKeys/${deleting.api_key_sid}`);
            await client.invalidateQueries({ queryKey: ['keys'] });
            toast('The key was deleted');
          }}
        >
          Programs that use it are refused from now on.
        </Confirm>
      )}
    </Page>
  );
}
