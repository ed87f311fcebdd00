/** What may be done to a running leg: mute and hang up. People who only read see nothing here. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { Mic, MicOff, PhoneOff } from 'lucide-react';
import { useState } from 'react';
import { api, type LiveCall, messageOf } from '../../api/index.ts';
import { party, toast } from '../../parts/index.ts';
import { useMayWrite } from '../../shell/index.ts';

export function LegActions({ call }: { readonly call: Pick<LiveCall, 'call_sid' | 'account_sid' | 'state' | 'to'> }) {
  const [muted, setMuted] = useState(false);
  const [busy, setBusy] = useState(false);
  if (!useMayWrite()) return null;
  const name = party(call.to);
  const steer = async (body: Readonly<Record<string, string>>, then: () => void) => {
    setBusy(true);
    try {
      await api.put(`/v1/Accounts/${call.account_sid}/Calls/${call.call_sid}`, body);
      then();
    } catch (fault) {
      toast(messageOf(fault), 'bad');
    } finally {
      setBusy(false);
    }
  };
  const talking = call.state === 'in-progress';
  const end = { call_status: talking ? 'completed' : 'no-answer' };
  return (
    <>
      {talking ? (
        <Tooltip label={muted ? 'Let them be heard' : 'Mute'}>
          <ActionIcon
            variant="subtle"
            size="sm"
            disabled={busy}
            aria-pressed={muted}
            aria-label={`Mute the call to ${name}`}
            onClick={() => void steer({ mute_status: muted ? 'unmute' : 'mute' }, () => setMuted(!muted))}
          >
            {muted ? <MicOff size={15} /> : <Mic size={15} />}
          </ActionIcon>
        </Tooltip>
      ) : null}
      <Tooltip label="Hang up">
        <ActionIcon
          variant="subtle"
          color="red"
          size="sm"
          disabled={busy}
          aria-label={`Hang up the call to ${name}`}
          onClick={() => void steer(end, () => toast('The call was told to end'))}
        >
          <PhoneOff size={15} />
        </ActionIcon>
      </Tooltip>
    </>
  );
}
