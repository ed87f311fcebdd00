/** The phone while it has no call: whom to call, and who one is. */
import { Button, TextInput } from '@mantine/core';
import { Phone as PhoneIcon } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Copy } from '../parts/index.ts';
import { Keypad } from './keypad.tsx';
import type { Phone, PhoneView } from './phone.ts';

type Props = { readonly phone: Phone; readonly view: PhoneView };

/** Whom the last call was with, and that the page's reload ended it. */
function Ended({ phone, view }: Props) {
  const { cut } = view;
  if (view.last !== undefined) return <p role="status">{view.last}</p>;
  if (cut === undefined) return null;
  return (
    <div className="note warn" role="status">
      <div className="grow stack">
        <span>Loading the page anew ended your call with {cut}.</span>
        <div>
          <Button size="xs" disabled={view.line !== 'ready'} onClick={() => void phone.dial(cut)}>
            Call again
          </Button>
        </div>
      </div>
    </div>
  );
}

export function Idle(props: Props) {
  const { phone, view } = props;
  const [target, setTarget] = useState('');
  const ready = view.line === 'ready';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void phone.dial(target);
  };
  return (
    <>
      <Ended {...props} />
      {view.echo ? (
        <Button variant="light" disabled={!ready} onClick={() => void phone.dial('echo')}>
          Call the echo
        </Button>
      ) : null}
      <form className="stack" onSubmit={submit}>
        <TextInput
          label="Call"
          placeholder="A number, a user, or user@domain"
          autoComplete="off"
          spellCheck={false}
          maxLength={255}
          value={target}
          onChange={(event) => setTarget(event.currentTarget.value)}
        />
        <Keypad onKey={(key) => setTarget((text) => (text + key).slice(0, 255))} />
        <Button
          type="submit"
          leftSection={<PhoneIcon size={16} aria-hidden />}
          disabled={!ready || target.trim() === ''}
        >
          Call
        </Button>
      </form>
      {view.name === undefined ? null : (
        <p className="dim phone-name">
          A <code>dial</code> to the user <strong>{view.name}</strong> rings here.
          <Copy text={view.name} what="name of this phone" />
        </p>
      )}
    </>
  );
}
