/** Somebody calls: who, and the two things to do about it. The focus goes to neither, so that a key typed elsewhere cannot
 * take the call; the title of the page tells whoever looks at another tab. */
import { Button } from '@mantine/core';
import { Phone as PhoneIcon, PhoneOff } from 'lucide-react';
import { useEffect } from 'react';
import type { CallView } from './phone-call.ts';
import type { Phone } from './phone.ts';

export function Incoming({ phone, call }: { readonly phone: Phone; readonly call: CallView }) {
  useEffect(() => {
    const before = document.title;
    document.title = `${call.peer} calls`;
    return () => {
      document.title = before;
    };
  }, [call.peer]);
  return (
    <section className="phone-call ringing" aria-label="Incoming call" role="alert">
      <p className="phone-peer">{call.peer}</p>
      <p className="dim">calls you</p>
      <div className="phone-two">
        <Button leftSection={<PhoneIcon size={16} aria-hidden />} onClick={() => void phone.answer()}>
          Accept
        </Button>
        <Button color="red" leftSection={<PhoneOff size={16} aria-hidden />} onClick={() => phone.end()}>
          Decline
        </Button>
      </div>
    </section>
  );
}
