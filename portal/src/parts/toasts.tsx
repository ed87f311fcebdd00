/** Short news of what was done, read aloud too. They leave by themselves. */
import { useSyncExternalStore } from 'react';

type Toast = { readonly id: number; readonly text: string; readonly tone: 'ok' | 'bad' };

const shownMs = 5000;
let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function toast(text: string, tone: Toast['tone'] = 'ok'): void {
  const id = ++last;
  set([...toasts.slice(-3), { id, text, tone }]);
  setTimeout(() => set(toasts.filter((each) => each.id !== id)), shownMs);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone }) => (
        <div key={id} className={`note ${tone}`}>
          {text}
        </div>
      ))}
    </div>
  );
}
