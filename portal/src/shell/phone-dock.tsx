/** The place of the softphone: a panel docked beside the page, over it on a phone. What stands in it comes from
 * `softphone/index.tsx`, whose default export is given `onClose`; without that file there is no phone button. It stays
 * mounted while hidden, because a call must not end with its panel. */
import { type ComponentType, lazy, Suspense } from 'react';

type Softphone = ComponentType<{ readonly onClose: () => void }>;

const [load] = Object.values(import.meta.glob<{ default: Softphone }>('../softphone/index.tsx'));

export const hasPhone = load !== undefined;
const Panel = load === undefined ? undefined : lazy(load);

export function PhoneDock({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  if (Panel === undefined) return null;
  return (
    <aside className={open ? 'phone-dock' : 'phone-dock hidden'} aria-label="Phone" aria-hidden={!open} inert={!open}>
      <Suspense fallback={<p className="dim panel-body">Loading the phone …</p>}>
        <Panel onClose={onClose} />
      </Suspense>
    </aside>
  );
}
