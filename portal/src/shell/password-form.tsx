/** Sets a password: one's own needs the one there is now. Every session of the person ends with it. */
import { Button, Modal, PasswordInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api } from '../api/index.ts';
import { ErrorNote, faultsOf, sentence, toast, useFocusBack } from '../parts/index.ts';

type Props = { readonly userSid: string; readonly own: boolean; readonly onClose: () => void };

export function PasswordForm({ userSid, own, onClose }: Props) {
  useFocusBack();
  const [values, setValues] = useState({ current: '', next: '' });
  const [fault, setFault] = useState<unknown>();
  const said = Object.fromEntries(faultsOf(fault).map((each) => [each.path, `Must be ${sentence(each)}`]));
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setFault(undefined);
    const { current, next } = values;
    try {
      await api.post(`/v1/Users/${userSid}/password`, {
        password: next,
        ...(own ? { current_password: current } : {}),
      });
      toast('The password was set');
      onClose();
      // Our own session ended with the password; the next request finds that out.
      if (own) location.reload();
    } catch (each) {
      setFault(each);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title="Set the password"
      lockScroll={false}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className="stack" noValidate onSubmit={(event) => void save(event)}>
        {own ? (
          <PasswordInput
            label="Password now"
            autoComplete="current-password"
            value={values.current}
            error={said['/current_password']}
            onChange={(event) => setValues({ ...values, current: event.currentTarget.value })}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password there is now' }}
          />
        ) : null}
        <PasswordInput
          label="New password"
          description="All sessions of the person end"
          autoComplete="new-password"
          value={values.next}
          error={said['/password']}
          onChange={(event) => setValues({ ...values, next: event.currentTarget.value })}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
        />
        <ErrorNote fault={fault} shown={['/password', '/current_password']} />
        <Button type="submit">Set the password</Button>
      </form>
    </Modal>
  );
}
