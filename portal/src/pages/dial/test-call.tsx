/** Runs the document: somebody is rung first, then the dial runs on that call. */
import { Button, Select, TextInput } from '@mantine/core';
import { PhoneCall } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../api/index.ts';
import { ErrorNote, faultsOf, sentence } from '../../parts/index.ts';
import { useAccount } from '../../shell/index.ts';
import type { Document } from './document.ts';

const fields: Readonly<Record<string, string>> = { user: 'name', phone: 'number', sip: 'sipUri' };

export function TestCall({ document }: { readonly document: Document | undefined }) {
  const { account_sid: accountSid } = useAccount();
  const [, go] = useLocation();
  const [type, setType] = useState('user');
  const [address, setAddress] = useState('');
  const [from, setFrom] = useState('');
  const [fault, setFault] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const field = fields[type] as string;
  const said = Object.fromEntries(faultsOf(fault).map((each) => [each.path, `Must be ${sentence(each)}`]));
  const run = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      const call = await api.post<{ sid: string }>(`/v1/Accounts/${accountSid}/Calls`, {
        from,
        to: { type, [field]: address },
        app_json: document,
      });
      go(`/call/${call.sid}`);
    } catch (each) {
      setFault(each);
      setBusy(false);
    }
  };
  return (
    <form className="panel" noValidate onSubmit={(event) => void run(event)}>
      <div className="panel-head">
        <h2>Test call</h2>
      </div>
      <div className="panel-body stack">
        <p className="dim">Rings this party first. When they answer, the dial runs for them.</p>
        <div className="columns">
          <Select
            label="Ring first"
            allowDeselect={false}
            data={[
              { value: 'user', label: 'SIP user' },
              { value: 'phone', label: 'Phone number' },
              { value: 'sip', label: 'SIP address' },
            ]}
            value={type}
            onChange={(next) => setType(next ?? 'user')}
          />
          <TextInput
            label="Address"
            placeholder={{ user: 'alice', phone: '+15551230001', sip: 'sip:desk@pbx.example.com' }[type]}
            value={address}
            error={said[`/to/${field}`] ?? said['/to']}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          <TextInput
            label="Caller id"
            placeholder="+15551230001"
            value={from}
            error={said['/from']}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
        </div>
        <ErrorNote fault={fault} shown={[`/to/${field}`, '/to', '/from']} />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button type="submit" loading={busy} disabled={document === undefined} leftSection={<PhoneCall size={15} />}>
            Place the call
          </Button>
        </div>
      </div>
    </form>
  );
}
