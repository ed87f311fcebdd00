/** Email and password, or the token of an API key. */
import { Button, PasswordInput, SegmentedControl, TextInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { ErrorNote } from '../../parts/index.ts';
import { useSession } from '../../shell/index.ts';
import './sign-in.css';

type Way = 'password' | 'token';

export function SignIn({ why }: { readonly why?: string | undefined }) {
  const { enter } = useSession();
  const [way, setWay] = useState<Way>('password');
  const [values, setValues] = useState({ email: '', password: '', token: '' });
  const [fault, setFault] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Graine';
  }, []);
  const set = (name: keyof typeof values) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setValues((before) => ({ ...before, [name]: value }));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    const { email, password, token } = values;
    try {
      await enter(way === 'token' ? { token: token.trim() } : { email: email.trim(), password });
    } catch (each) {
      setFault(each);
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form className="sign-in-card panel" onSubmit={(event) => void submit(event)}>
        <div className="sign-in-brand">
          <img src="/graine.svg" alt="" width={34} height={34} />
          <div>
            <h1>Sign in to Graine</h1>
            <p className="dim">Calls, carriers and people of this server</p>
          </div>
        </div>
        {why === undefined ? null : <div className="note warn">{why}</div>}
        <SegmentedControl
          aria-label="How to sign in"
          fullWidth
          value={way}
          onChange={(value) => setWay(value as Way)}
          data={[
            { value: 'password', label: 'Email and password' },
            { value: 'token', label: 'API token' },
          ]}
        />
        {way === 'token' ? (
          <PasswordInput
            label="Token"
            description="The admin token that the server printed at its first start, or an API key"
            required
            autoComplete="off"
            value={values.token}
            onChange={set('token')}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }}
          />
        ) : (
          <>
            <TextInput
              label="Email"
              type="email"
              required
              autoComplete="username"
              value={values.email}
              onChange={set('email')}
            />
            <PasswordInput
              label="Password"
              required
              autoComplete="current-password"
              value={values.password}
              onChange={set('password')}
              visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            />
          </>
        )}
        <ErrorNote fault={fault} />
        <Button type="submit" loading={busy} fullWidth>
          Sign in
        </Button>
      </form>
    </main>
  );
}
