/** How long a fetched sound may be used again: RFC 9111 for a private cache, bounded both ways. */
import type { CacheHints } from '../ports/index.ts';

/** For answers that say nothing. */
const DEFAULT_MS = 60_000;
/** However long the server allows: music that was mended is heard within the day. */
const MAX_MS = 86_400_000;
/** A copy may stand in for a server that is away for so long after it went stale. */
const STANDBY_MS = 3_600_000;

export type Freshness = {
  /** Used without asking for so long, ms. */
  readonly freshMs: number;
  /** Used while its server cannot be asked for so long, ms from now. */
  readonly standbyMs: number;
  /** Kept at all, beyond the play it was fetched for. */
  readonly kept: boolean;
};

export function freshness(cache: CacheHints): Freshness {
  const rules = directives(cache.cacheControl ?? '');
  if (rules.has('no-store')) return { freshMs: 0, standbyMs: 0, kept: false };
  const freshMs = rules.has('no-cache') ? 0 : lifetime(cache, rules.get('max-age'));
  const strict = rules.has('no-cache') || rules.has('must-revalidate');
  return { freshMs, standbyMs: strict ? freshMs : freshMs + STANDBY_MS, kept: true };
}

/** §4.2.1: max-age, else Expires, less the age it has. §1.2.2, §5.3: what cannot be read is stale already. */
function lifetime(cache: CacheHints, maxAge: string | undefined): number {
  const age = /^\d{1,10}$/.test(cache.age ?? '') ? Number(cache.age) * 1000 : 0;
  if (maxAge !== undefined) return bounded(/^\d{1,10}$/.test(maxAge) ? Number(maxAge) * 1000 - age : 0);
  if (cache.expires === undefined) return DEFAULT_MS;
  return bounded(Date.parse(cache.expires) - Date.parse(cache.date ?? '') - age);
}

function bounded(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.max(0, Math.min(MAX_MS, ms));
}

function directives(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.slice(0, 500).split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    found.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''));
  }
  return found;
}
