/** The options of a dial that have a field; the others are added to the JSON with the help of the schema. */
import { NumberInput, Select, Switch, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { changed, type Dial } from './document.ts';
import { firstValue, inWords, type Schema } from './schema.ts';
import type { FaultOf } from './targets.tsx';

type Option = { readonly name: string; readonly label: string; readonly help?: string } & (
  | { readonly is: 'text'; readonly placeholder?: string }
  | { readonly is: 'seconds' }
  | { readonly is: 'switch' }
  | { readonly is: 'choice'; readonly options: readonly (readonly [string, string])[] }
);

const options: readonly Option[] = [
  { is: 'switch', name: 'answerOnBridge', label: 'Answer on bridge', help: 'The caller rings until somebody answers' },
  {
    is: 'choice',
    name: 'strategy',
    label: 'Order',
    options: [
      ['simring', 'all at once'],
      ['hunt', 'one after the other'],
      ['stagger', 'joining one by one'],
    ],
  },
  { is: 'seconds', name: 'timeout', label: 'Rings for', help: '60 when left out' },
  { is: 'seconds', name: 'timeLimit', label: 'Talks for at most' },
  { is: 'text', name: 'callerId', label: 'Caller id', placeholder: '+15551230001', help: 'anonymous hides it' },
  { is: 'text', name: 'callerName', label: 'Caller name' },
  { is: 'text', name: 'actionHook', label: 'Action hook', placeholder: '/dialed', help: 'Asked when the dial ends' },
  {
    is: 'text',
    name: 'confirmHook',
    label: 'Confirm hook',
    placeholder: '/screen',
    help: 'Callees are screened by it',
  },
  { is: 'text', name: 'referHook', label: 'Refer hook', help: 'Asked when a party transfers the other' },
  { is: 'text', name: 'onHoldHook', label: 'Hold hook', help: 'What a held party hears' },
  {
    is: 'text',
    name: 'dialMusic',
    label: 'Music',
    placeholder: 'https://…/music.mp3',
    help: 'Heard in place of ringing',
  },
  { is: 'switch', name: 'dtmfSuppress', label: 'Keep keys', help: 'They do not reach the other party' },
  { is: 'switch', name: 'anchorMedia', label: 'Keep the media here' },
];

type InputProps = {
  readonly option: Option;
  readonly dial: Dial;
  readonly fault: string | undefined;
  readonly set: (value: unknown) => void;
};

function OptionInput({ option, dial, fault, set }: InputProps): ReactNode {
  const value = dial[option.name];
  const common = { label: option.label, description: option.help, error: fault };
  switch (option.is) {
    case 'switch':
      return (
        <Switch
          {...common}
          checked={value === true}
          onChange={(event) => set(event.currentTarget.checked ? true : undefined)}
        />
      );
    case 'seconds':
      return (
        <NumberInput
          {...common}
          suffix=" s"
          min={0}
          hideControls
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => set(next === '' ? undefined : next)}
        />
      );
    case 'choice':
      return (
        <Select
          {...common}
          clearable
          clearButtonProps={{ 'aria-label': `Clear ${option.label}` }}
          placeholder={option.options[0]?.[1] ?? ''}
          data={option.options.map(([each, label]) => ({ value: each, label }))}
          value={typeof value === 'string' ? value : null}
          onChange={(next) => set(next ?? undefined)}
        />
      );
    case 'text': {
      // A hook may be an object with credentials: that is for the JSON.
      const written = value === undefined || typeof value === 'string';
      return (
        <TextInput
          {...common}
          placeholder={written ? option.placeholder : 'an object, see JSON'}
          disabled={!written}
          spellCheck={false}
          value={written ? (value ?? '') : ''}
          onChange={(event) => set(event.currentTarget.value || undefined)}
        />
      );
    }
  }
}

const elsewhere = new Set(['verb', 'id', '_', 'target', ...options.map(({ name }) => name)]);

function Others({ dial, schema, onChange }: { dial: Dial; schema: Schema; onChange: (dial: Dial) => void }) {
  const names = Object.keys(schema.properties ?? {}).filter((name) => !elsewhere.has(name) && !(name in dial));
  if (names.length === 0) return null;
  return (
    <details className="others">
      <summary>Other options, by JSON</summary>
      <ul>
        {names.map((name) => {
          const part = schema.properties?.[name] ?? {};
          return (
            <li key={name}>
              <button type="button" onClick={() => onChange(changed(dial, { [name]: firstValue(part) || {} }))}>
                {name}
              </button>
              <span className="dim">{inWords(part)}</span>
            </li>
          );
        })}
      </ul>
    </details>
  );
}

export function Options(props: {
  readonly dial: Dial;
  readonly schema: Schema | undefined;
  readonly faultOf: FaultOf;
  readonly onChange: (dial: Dial) => void;
}) {
  const { dial, schema, faultOf, onChange } = props;
  return (
    <section className="stack">
      <h2>How</h2>
      <div className="columns">
        {options.map((option) => (
          <OptionInput
            key={option.name}
            option={option}
            dial={dial}
            fault={faultOf(`/${option.name}`)}
            set={(value) => onChange(changed(dial, { [option.name]: value }))}
          />
        ))}
      </div>
      {schema === undefined ? null : <Others dial={dial} schema={schema} onChange={onChange} />}
    </section>
  );
}
