/** Whom the dial rings: up to ten targets. */
import { ActionIcon, Button, NumberInput, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { api } from '../../api/index.ts';
import { useAccount } from '../../shell/index.ts';
import { changed, type Target } from './document.ts';

const most = 10;

const addresses: Readonly<Record<string, { field: string; label: string; placeholder: string }>> = {
  user: { field: 'name', label: 'User', placeholder: 'bob' },
  phone: { field: 'number', label: 'Number', placeholder: '+15551230002' },
  sip: { field: 'sipUri', label: 'SIP URI', placeholder: 'sip:desk@pbx.example.com' },
  teams: { field: 'number', label: 'Number', placeholder: '+15551230002' },
};

const types = [
  { value: 'user', label: 'SIP user' },
  { value: 'phone', label: 'Phone number' },
  { value: 'sip', label: 'SIP address' },
  { value: 'teams', label: 'Teams' },
];

export type FaultOf = (path: string) => string | undefined;

function Carrier({ target, onChange }: { readonly target: Target; readonly onChange: (target: Target) => void }) {
  const { account_sid: accountSid } = useAccount();
  const { data = [] } = useQuery({
    queryKey: ['list', 'VoipCarriers', accountSid],
    queryFn: () => api.get<{ name: string }[]>(`/v1/Accounts/${accountSid}/VoipCarriers`),
  });
  return (
    <Select
      className="target-carrier"
      label="Carrier"
      placeholder="by priority"
      clearable
      clearButtonProps={{ 'aria-label': 'Any carrier' }}
      data={[...new Set(data.map(({ name }) => name))]}
      value={(target['trunk'] as string) ?? null}
      onChange={(trunk) => onChange(changed(target, { trunk: trunk ?? undefined }))}
    />
  );
}

function One(props: {
  readonly target: Target;
  readonly n: number;
  readonly faultOf: FaultOf;
  readonly onChange: (target: Target) => void;
  readonly onRemove: () => void;
}) {
  const { target, n, faultOf, onChange, onRemove } = props;
  const type = typeof target['type'] === 'string' ? target['type'] : 'user';
  const address = addresses[type] ?? addresses['user']!;
  const retype = (next: string | null) => {
    const { name: _, number: __, sipUri: ___, trunk: ____, ...rest } = target;
    onChange({ ...rest, type: next ?? 'user', [addresses[next ?? 'user']!.field]: '' });
  };
  return (
    <fieldset className="target">
      <legend className="sr-only">Target {n + 1}</legend>
      <Select
        className="target-type"
        label="Rings"
        data={types}
        allowDeselect={false}
        value={type}
        error={faultOf('/type')}
        onChange={retype}
      />
      <TextInput
        className="target-address"
        label={address.label}
        placeholder={address.placeholder}
        spellCheck={false}
        value={String(target[address.field] ?? '')}
        error={faultOf(`/${address.field}`)}
        onChange={(event) => onChange({ ...target, [address.field]: event.currentTarget.value })}
      />
      {type === 'phone' ? <Carrier target={target} onChange={onChange} /> : null}
      <NumberInput
        className="target-delay"
        label="Delay"
        suffix=" s"
        min={0}
        hideControls
        value={(target['delay'] as number) ?? ''}
        error={faultOf('/delay')}
        onChange={(delay) => onChange(changed(target, { delay: delay === '' ? undefined : delay }))}
      />
      <ActionIcon
        className="target-remove"
        variant="subtle"
        color="red"
        aria-label={`Remove target ${n + 1}`}
        onClick={onRemove}
      >
        <Trash2 size={15} />
      </ActionIcon>
    </fieldset>
  );
}

export function Targets(props: {
  readonly targets: readonly Target[];
  readonly faultOf: FaultOf;
  readonly onChange: (targets: readonly Target[]) => void;
}) {
  const { targets, faultOf, onChange } = props;
  const fault = faultOf('/target');
  return (
    <section className="stack">
      <h2>Who is rung</h2>
      {targets.map((target, n) => (
        <One
          key={n}
          target={target}
          n={n}
          faultOf={(path) => faultOf(`/target/${n}${path}`)}
          onChange={(next) => onChange(targets.map((each, i) => (i === n ? next : each)))}
          onRemove={() => onChange(targets.filter((_, i) => i !== n))}
        />
      ))}
      {fault === undefined ? null : <p className="fault">{fault}</p>}
      {targets.length >= most ? null : (
        <div>
          <Button
            variant="default"
            size="xs"
            leftSection={<Plus size={14} />}
            onClick={() => onChange([...targets, { type: 'user', name: '' }])}
          >
            Add a target
          </Button>
        </div>
      )}
    </section>
  );
}
