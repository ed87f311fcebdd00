/** Makes or changes one thing, in a drawer. Faults of the server stand at the field they name. */
import { Button, Drawer } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/index.ts';
import { ErrorNote, faultsOf, sentence, toast, useFaultFocus, useFocusBack } from '../../parts/index.ts';
import { useAccount } from '../../shell/index.ts';
import { type Definition, type Field, pathOf, type Row, textOf } from './definition.ts';
import { FieldInput } from './field-input.tsx';
import { bodyOf, type Values, valuesOf } from './values.ts';
import './form.css';

type Props = {
  readonly definition: Definition;
  /** Undefined: a new one. */
  readonly row: Row | undefined;
  readonly onClose: () => void;
};

export function ResourceForm({ definition, row, onClose }: Props) {
  useFocusBack();
  const { account_sid: accountSid } = useAccount();
  const client = useQueryClient();
  const changing = row !== undefined;
  const fields = definition.fields;
  const [before] = useState(() => valuesOf(fields, row));
  const [values, setValues] = useState<Values>(before);
  const [fault, setFault] = useState<unknown>();
  const [own, setOwn] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);

  const said = Object.fromEntries(faultsOf(fault).map((each) => [each.path, `Must be ${sentence(each)}`]));
  const faults = { ...said, ...own };
  const form = useFaultFocus(fault, own);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    const parsed = bodyOf(fields, values, changing ? before : undefined);
    setOwn(parsed.faults);
    setFault(undefined);
    if (Object.keys(parsed.faults).length > 0) return;
    setBusy(true);
    try {
      const base = pathOf(definition, accountSid);
      if (changing) await api.put(`${base}/${textOf(row, definition.sid)}`, parsed.body);
      else await api.post(base, { ...parsed.body, ...definition.fixed, ...definition.more?.(values, accountSid) });
      await client.invalidateQueries();
      toast(`The ${definition.noun} was ${changing ? 'changed' : 'created'}`);
      onClose();
    } catch (each) {
      setFault(each);
      setBusy(false);
    }
  };

  const visible = fields.filter((field) => field.when?.(values) !== false && !(changing && field.once === true));
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="min(560px, 100vw)"
      lockScroll={false}
      title={changing ? `Change ${definition.nameOf(row)}` : `New ${definition.noun}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form ref={form} className="stack" noValidate onSubmit={(event) => void save(event)}>
        <div className="columns form-fields">
          {visible.map((field, index) => (
            <div key={field.name} className={wide(field.is) || field.wide === true ? 'wide' : undefined}>
              <FieldInput
                field={field}
                value={values[field.name]}
                first={index === 0}
                fault={faults[`/${field.name}`] ?? inside(field, faults)}
                faults={faults}
                changing={changing}
                onChange={(value) => setValues((all) => ({ ...all, [field.name]: value }))}
              />
            </div>
          ))}
        </div>
        <ErrorNote
          fault={fault}
          shown={Object.keys(said).filter((path) => visible.some((field) => standsAt(field, path)))}
        />
        <div className="row form-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {changing ? 'Save' : `Create ${definition.noun}`}
          </Button>
        </div>
      </form>
    </Drawer>
  );
}

/** Is the fault of this path told at this field? */
function standsAt({ name, is }: Field, path: string): boolean {
  if (path === `/${name}`) return true;
  if (is === 'hook') return path === `/${name}/url`;
  return (is === 'json' || is === 'list') && path.startsWith(`/${name}/`);
}

/** The fault of something that is written inside this field. */
function inside(field: Field, faults: Readonly<Record<string, string>>): string | undefined {
  if (field.is === 'hook') return undefined;
  const path = Object.keys(faults).find((each) => standsAt(field, each));
  return path === undefined ? undefined : `${path.slice(field.name.length + 2)}: ${faults[path]}`;
}

function wide(is: string): boolean {
  return is === 'hook' || is === 'json' || is === 'area' || is === 'list';
}
