/** The call that is: how it stands, and what can be done with it. */
import { Button, TextInput } from '@mantine/core';
import { ArrowRightLeft, Mic, MicOff, Pause, PhoneOff, Play } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { phaseWords } from './call-states.ts';
import { Keypad } from './keypad.tsx';
import type { CallView } from './phone-call.ts';
import type { Phone } from './phone.ts';

type Props = { readonly phone: Phone; readonly call: CallView };

function Lasting({ since }: { readonly since: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return (
    <span className="number" aria-hidden>
      {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, '0')}
    </span>
  );
}

/** In one line: talking, or why not. */
function wordsOf({ phase, heldHere, heldThere }: CallView): string {
  if (heldHere && heldThere) return 'On hold by both';
  if (heldHere) return 'On hold';
  if (heldThere) return 'The other side holds the call';
  return phaseWords[phase];
}

function Steer({ phone, call }: Props) {
  const { muted, heldHere } = call;
  return (
    <div className="phone-two">
      <Button
        variant={muted ? 'filled' : 'default'}
        aria-pressed={muted}
        leftSection={muted ? <MicOff size={16} aria-hidden /> : <Mic size={16} aria-hidden />}
        onClick={() => phone.mute(!muted)}
      >
        Mute
      </Button>
      <Button
        variant={heldHere ? 'filled' : 'default'}
        aria-pressed={heldHere}
        leftSection={heldHere ? <Play size={16} aria-hidden /> : <Pause size={16} aria-hidden />}
        onClick={() => phone.hold(!heldHere)}
      >
        Hold
      </Button>
    </div>
  );
}

function Transfer({ phone, call }: Props) {
  const [to, setTo] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    phone.transfer(to);
  };
  return (
    <form className="phone-transfer" onSubmit={submit}>
      <TextInput
        label="Transfer to"
        placeholder="A number or a user"
        autoComplete="off"
        spellCheck={false}
        maxLength={255}
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button
        type="submit"
        variant="default"
        leftSection={<ArrowRightLeft size={16} aria-hidden />}
        disabled={to.trim() === ''}
      >
        Transfer
      </Button>
      {call.transfer === undefined ? null : <p role="status">{call.transfer}</p>}
    </form>
  );
}

export function InCall({ phone, call }: Props) {
  const talking = call.phase === 'talking';
  return (
    <section className="phone-call" aria-label="Call">
      <p className="phone-peer">{call.peer}</p>
      <p className="dim">
        <span role="status">{wordsOf(call)}</span> {call.since === undefined ? null : <Lasting since={call.since} />}
      </p>
      {talking ? (
        <>
          <Steer phone={phone} call={call} />
          <output className="phone-keys" aria-label="Keys pressed">
            {call.keys}
          </output>
          <Keypad onKey={(key) => phone.press(key)} />
          <Transfer phone={phone} call={call} />
        </>
      ) : null}
      <Button color="red" fullWidth leftSection={<PhoneOff size={16} aria-hidden />} onClick={() => phone.end()}>
        {talking ? 'Hang up' : 'Give up'}
      </Button>
    </section>
  );
}
