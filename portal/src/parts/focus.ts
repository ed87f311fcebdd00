/** Where the keyboard is, for those who have no mouse. */
import { type RefObject, useEffect, useRef, useState } from 'react';

/** Where it was when a dialog opened is where it is again when that is gone. */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    },
    [before],
  );
}

/** A form that goes to its first field with a fault whenever there are other `faults`. */
export function useFaultFocus(...faults: readonly unknown[]): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the faults themselves say when
  }, faults);
  return form;
}
