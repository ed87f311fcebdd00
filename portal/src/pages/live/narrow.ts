/** Is the window as narrow as a phone? */
import { useSyncExternalStore } from 'react';

const media = window.matchMedia('(max-width: 700px)');

function subscribe(listener: () => void): () => void {
  media.addEventListener('change', listener);
  return () => media.removeEventListener('change', listener);
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => media.matches);
}
