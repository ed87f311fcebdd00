/** What answer detection heard and said, out of the timeline: a level envelope and the events on the same axis. */
import type { TraceEvent } from '../../api/index.ts';

export type AmdEvent = { readonly atMs: number; readonly type: string; readonly verdict: string; readonly why: string };

export type Amd = {
  readonly leg: string;
  /** dB, one value each `stepMs`, from the answer on. */
  readonly levels: readonly number[];
  readonly stepMs: number;
  readonly events: readonly AmdEvent[];
};

const floorDb = -90;

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value as string | number);
}

/** Levels as numbers, or as base64 of bytes that count dB below full scale. */
function levelsOf(value: unknown): readonly number[] {
  if (Array.isArray(value)) return value.filter((each): each is number => typeof each === 'number');
  if (typeof value !== 'string') return [];
  try {
    return Array.from(atob(value), (char) => Math.max(floorDb, -char.charCodeAt(0)));
  } catch {
    return [];
  }
}

export function amdOf(events: readonly TraceEvent[]): Amd[] {
  const byLeg = new Map<string, { levels: readonly number[]; stepMs: number; events: AmdEvent[] }>();
  for (const { title, leg, detail } of events) {
    if (!/^amd\b/.test(title)) continue;
    const own = byLeg.get(leg ?? '?') ?? { levels: [], stepMs: 20, events: [] };
    byLeg.set(leg ?? '?', own);
    const levels = levelsOf(detail['levels'] ?? detail['levels_db'] ?? detail['levelsDb'] ?? detail['envelope']);
    if (levels.length > 0) {
      own.levels = levels;
      own.stepMs = Number(detail['stepMs'] ?? detail['step_ms'] ?? detail['frame_ms'] ?? 20) || 20;
    }
    const at = detail['at_ms'] ?? detail['atMs'];
    if (typeof at === 'number') {
      const type = text(detail['type'] ?? title);
      own.events.push({
        atMs: at,
        type,
        verdict: text(detail['amd_type'] ?? detail['amdType']),
        why: text(detail['reason']),
      });
    }
  }
  return Array.from(byLeg, ([leg, own]) => ({ leg, ...own }));
}
