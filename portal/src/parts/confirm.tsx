/** Asks before something is gone. */
import { Button, Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ErrorNote } from './error-note.tsx';
import { useFocusBack } from './focus.ts';

export function Confirm(props: {
  readonly title: string;
  readonly children: ReactNode;
  readonly verb: string;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}) {
  useFocusBack();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const act = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      await props.onConfirm();
      props.onClose();
    } catch (each) {
      setFault(each);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.title}
      lockScroll={false}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <p>{props.children}</p>
        <ErrorNote fault={fault} />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={props.onClose}>
            Cancel
          </Button>
          <Button color="red" loading={busy} onClick={() => void act()} data-autofocus>
            {props.verb}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
