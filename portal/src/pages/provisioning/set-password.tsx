/** A new password for somebody; all their sessions end. */
import { ActionIcon } from '@mantine/core';
import { LockKeyhole } from 'lucide-react';
import { useState } from 'react';
import { PasswordForm, useUser } from '../../shell/index.ts';

export function SetPassword({ userSid, name }: { readonly userSid: string; readonly name: string }) {
  const [open, setOpen] = useState(false);
  const own = useUser().user_sid === userSid;
  return (
    <>
      <ActionIcon variant="subtle" aria-label={`Set the password of ${name}`} onClick={() => setOpen(true)}>
        <LockKeyhole size={15} />
      </ActionIcon>
      {open ? <PasswordForm userSid={userSid} own={own} onClose={() => setOpen(false)} /> : null}
    </>
  );
}
