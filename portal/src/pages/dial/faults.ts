/** Faults of the document, as the server sees them, while it is written. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, type Detail } from '../../api/index.ts';
import type { Document } from './document.ts';

const pauseMs = 250;

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

export function useFaults(document: Document | undefined): {
  readonly faults: readonly Detail[];
  readonly asked: boolean;
} {
  const settled = useSettled(document);
  const { data } = useQuery({
    queryKey: ['verb-faults', settled],
    queryFn: () => api.post<{ faults: Detail[] }>('/v1/Verbs/Check', { app_json: settled }),
    enabled: settled !== undefined,
    placeholderData: (before) => before,
    staleTime: Infinity,
  });
  return { faults: data?.faults ?? [], asked: data !== undefined };
}
