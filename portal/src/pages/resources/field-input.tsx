/** One field of a form, with its fault at it. */
import { Button, NumberInput, PasswordInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/index.ts';
import { useAccount } from '../../shell/index.ts';
import { type Field, type Row, textOf } from './definition.ts';

type Props<F extends Field = Field> = {
  readonly field: F;
  readonly value: unknown;
  readonly fault: string | undefined;
  readonly faults: Readonly<Record<string, string>>;
  readonly changing: boolean;
  /** The keyboard begins here. */
  readonly first: boolean;
  readonly onChange: (value: unknown) => void;
};

type Of<K extends Field['is']> = Props<Extract<Field, { is: K }>>;

function common({ field, fault, changing, first }: Props) {
  // A secret that is there already need not be given again.
  const withAsterisk = field.required === true && !(changing && field.is === 'secret');
  const begins = first ? { 'data-autofocus': true } : {};
  return { label: field.label, description: field.help, error: fault, withAsterisk, ...begins };
}

function Pointer(props: Of<'pointer'>) {
  const { field, value, onChange } = props;
  const { account_sid: accountSid } = useAccount();
  const { data = [] } = useQuery({
    queryKey: ['list', field.path, accountSid],
    queryFn: () => api.get<Row[]>(`/v1/Accounts/${accountSid}/${field.path}`),
  });
  return (
    <Select
      {...common(props)}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `Clear ${field.label}` }}
      placeholder={data.length === 0 ? 'none there yet' : 'none'}
      data={data.map((row) => ({ value: textOf(row, field.sid), label: textOf(row, field.title) }))}
      value={(value as string) || null}
      onChange={(next) => onChange(next ?? '')}
    />
  );
}

function Hook(props: Of<'hook'>) {
  const { field, value, faults, onChange } = props;
  const hook = value as { url: string; method: string; username: string | null; password: string };
  const [more, setMore] = useState(Boolean(hook.username));
  const set = (part: Partial<typeof hook>) => onChange({ ...hook, ...part });
  const { error, ...rest } = common(props);
  return (
    <fieldset className="field-group">
      <div className="hook-line">
        <TextInput
          {...rest}
          className="grow"
          error={error ?? faults[`/${field.name}/url`]}
          placeholder="https://app.example.com/call"
          value={hook.url}
          onChange={(event) => set({ url: event.currentTarget.value })}
        />
        <Select
          aria-label={`Method of ${field.label}`}
          data={['POST', 'GET']}
          allowDeselect={false}
          w={90}
          value={hook.method}
          onChange={(method) => set({ method: method ?? 'POST' })}
        />
        <Button variant="subtle" size="compact-sm" onClick={() => setMore(!more)} aria-expanded={more}>
          Basic auth
        </Button>
      </div>
      {more ? (
        <div className="columns">
          <TextInput
            label="User"
            value={hook.username ?? ''}
            onChange={(event) => set({ username: event.currentTarget.value })}
          />
          <PasswordInput
            label="Password"
            autoComplete="off"
            placeholder={hook.username === '' ? '' : 'unchanged'}
            value={hook.password}
            onChange={(event) => set({ password: event.currentTarget.value })}
          />
        </div>
      ) : null}
    </fieldset>
  );
}

function Plain(props: Of<'text' | 'area' | 'email' | 'json' | 'list'>) {
  const { field, value, onChange } = props;
  const given = {
    ...common(props),
    placeholder: field.is === 'email' ? 'name@example.com' : field.placeholder,
    value: String((value as string | number | null) ?? ''),
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  if (field.is === 'text' || field.is === 'email') {
    return <TextInput {...given} type={field.is} spellCheck={false} autoComplete="off" />;
  }
  const mono = field.is === 'json' ? { input: 'mono' } : {};
  return (
    <Textarea {...given} autosize={false} rows={field.is === 'json' ? 10 : 3} classNames={mono} spellCheck={false} />
  );
}

export function FieldInput(props: Props) {
  const { field, value, onChange, changing } = props;
  switch (field.is) {
    case 'secret':
      return (
        <PasswordInput
          {...common(props)}
          autoComplete="new-password"
          placeholder={changing ? 'unchanged' : ''}
          value={value as string}
          onChange={(event) => onChange(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': `Show ${field.label}` }}
        />
      );
    case 'number':
      return (
        <NumberInput
          {...common(props)}
          {...(field.min === undefined ? {} : { min: field.min })}
          {...(field.max === undefined ? {} : { max: field.max })}
          allowDecimal={field.decimals === true}
          clampBehavior="none"
          hideControls
          value={value as number | string}
          onChange={onChange}
        />
      );
    case 'switch':
      return (
        <Switch
          label={field.label}
          description={field.help}
          error={props.fault}
          checked={value === true || value === 1}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Select
          {...common(props)}
          data={field.options.map(([each, label]) => ({ value: each, label }))}
          allowDeselect={field.required !== true}
          value={(value as string) || null}
          onChange={(next) => onChange(next ?? '')}
        />
      );
    case 'pointer':
      return <Pointer {...props} field={field} />;
    case 'hook':
      return <Hook {...props} field={field} />;
    case 'text':
    case 'area':
    case 'email':
    case 'json':
    case 'list':
      return <Plain {...props} field={field} />;
  }
}
