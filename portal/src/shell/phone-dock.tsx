/** The place of the softphone: a panel docked beside the page, over it on a phone. What stands in it comes from
 * `softphone/index.tsx`, whose default export is given `PhoneProps`; without that file there is no phone button. It is
 * loaded when it is first opened, and from then on with the page; it stays mounted while hidden, because a call must not
 * end with its panel. */
import { type ComponentType, createContext, lazy, Suspense, use, useState } from 'react';
import type { Account } from '../api/index.ts';
import { useAccount } from './account.tsx';

/** Somebody is to be called; `n` tells one wish from the next. */
export type PhoneRequest = { readonly target: string; readonly n: number };

export type PhoneProps = {
  readonly account: Account;
  /** Whether the panel is seen. */
  readonly open: boolean;
  readonly onClose: () => void;
  /** A call comes in: show the panel. */
  readonly onWanted: () => void;
  /** What a page wants called. */
  readonly request?: PhoneRequest | undefined;
};

const Context = createContext<((target: string) => void) | undefined>(undefined);

export const PhoneProvider = Context.Provider;

/** Opens the phone and calls; undefined where there is no phone. */
export function usePhone(): ((target: string) => void) | undefined {
  return use(Context);
}

const [load] = Object.values(import.meta.glob<{ default: ComponentType<PhoneProps> }>('../softphone/index.tsx'));
const Panel = load === undefined ? undefined : lazy(load);
const kept = 'graine.phone';

export const hasPhone = load !== undefined;

export function PhoneDock(props: Omit<PhoneProps, 'account'>) {
  const account = useAccount();
  const [used, setUsed] = useState(() => localStorage.getItem(kept) === 'on');
  if (props.open && !used) {
    localStorage.setItem(kept, 'on');
    setUsed(true);
  }
  if (Panel === undefined || !used) return null;
  return (
    <aside
      className={props.open ? 'phone-dock' : 'phone-dock hidden'}
      aria-label="Phone"
      aria-hidden={!props.open}
      inert={!props.open}
    >
      <Suspense fallback={<p className="dim panel-body">Loading the phone …</p>}>
        <Panel account={account} {...props} />
      </Suspense>
    </aside>
  );
}
