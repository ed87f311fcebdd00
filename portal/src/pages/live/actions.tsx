/** What may be done to a running leg: mute and hang up. People who only read see nothing here. Plain buttons: rows come and go
 * as one scrolls, and the library's would be most of what a row costs. */
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
        <button
          type="button"
          className="leg-action"
          title={muted ? 'Let them be heard' : 'Mute'}
          disabled={busy}
          aria-pressed={muted}
          aria-label={`Mute the call to ${name}`}
          onClick={() => void steer({ mute_status: muted ? 'unmute' : 'mute' }, () => setMuted(!muted))}
        >
          {muted ? <MicOff size={15} /> : <Mic size={15} />}
        </button>
      ) : null}
      <button
        type="button"
        className="leg-action ends"
        title="Hang up"
        disabled={busy}
        aria-label={`Hang up the call to ${name}`}
        onClick={() => void steer(end, () => toast('The call was told to end'))}
      >
        <PhoneOff size={15} />
      </button>
    </>
  );
}
