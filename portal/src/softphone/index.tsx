/** The softphone of the portal: what stands in the dock. */
import { ActionIcon, Button } from '@mantine/core';
import { X } from 'lucide-react';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { Mark } from '../parts/index.ts';
import { type PhoneProps, useUser } from '../shell/index.ts';
import { Devices } from './devices.tsx';
import { Idle } from './idle.tsx';
import { InCall } from './in-call.tsx';
import { Incoming } from './incoming.tsx';
import type { LineState, Phone, PhoneView } from './phone.ts';
import { usePhoneOf } from './use-phone.ts';
import './softphone.css';

const lineWords: Readonly<Record<LineState, readonly [string, 'ok' | 'warn' | 'bad' | 'info']>> = {
  starting: ['registering', 'info'],
  ready: ['registered', 'ok'],
  lost: ['connection lost, trying again', 'warn'],
  failed: ['not registered', 'bad'],
};

function Head({ view, onClose }: { readonly view: PhoneView | undefined; readonly onClose: () => void }) {
  const [words, tone] = view === undefined ? (['in another tab', 'warn'] as const) : lineWords[view.line];
  return (
    <div className="phone-head">
      <h2>Phone</h2>
      <span role="status">
        <Mark tone={tone}>{words}</Mark>
      </span>
      <span className="grow" />
      <ActionIcon variant="subtle" aria-label="Close the phone" onClick={onClose}>
        <X size={16} />
      </ActionIcon>
    </div>
  );
}

function Faults({ phone, view }: { readonly phone: Phone; readonly view: PhoneView }) {
  if (view.fault === undefined) return null;
  return (
    <div className="note" role="alert">
      <div className="grow">
        {view.fault}
        {view.line === 'failed' ? (
          <div className="row">
            <Button size="xs" onClick={() => void phone.start()}>
              Try again
            </Button>
          </div>
        ) : null}
      </div>
    </div>
  );
}

function Body({ phone, props }: { readonly phone: Phone; readonly props: PhoneProps }) {
  const view = useSyncExternalStore(phone.subscribe, phone.view);
  const { call, line, cut } = view;
  const asked = useRef(0);
  const { request, open, onWanted } = props;
  useEffect(() => {
    if (cut !== undefined) onWanted();
    // Once, when the page was loaded anew: whoever closes the panel then means it.
  }, [cut]);
  useEffect(() => {
    if (request === undefined || request.n === asked.current || line !== 'ready') return;
    asked.current = request.n;
    void phone.dial(request.target);
  }, [request, phone, line]);
  return (
    <>
      <Head view={view} onClose={props.onClose} />
      <div className="panel-body stack" aria-live={open ? 'polite' : 'off'}>
        <Faults phone={phone} view={view} />
        {call === undefined ? (
          <Idle phone={phone} view={view} />
        ) : call.phase === 'incoming' ? (
          <Incoming phone={phone} call={call} />
        ) : (
          <InCall phone={phone} call={call} />
        )}
        <Devices phone={phone} talking={call?.phase === 'talking'} />
      </div>
    </>
  );
}

export default function Softphone(props: PhoneProps) {
  const { name } = useUser();
  const { phone, take } = usePhoneOf({
    accountSid: props.account.account_sid,
    shownName: name,
    onIncoming: props.onWanted,
  });
  if (phone !== undefined) return <Body phone={phone} props={props} />;
  return (
    <>
      <Head view={undefined} onClose={props.onClose} />
      <div className="panel-body stack">
        <p>The phone is open in another tab of this browser, and calls come in there.</p>
        <Button onClick={take}>Use it here</Button>
      </div>
    </>
  );
}
