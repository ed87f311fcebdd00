/** What answer detection heard and found, out of the timeline: `amd.found` events bring the levels since the one before. */
import type { TraceEvent } from '../../api/index.ts';

export type Finding = {
  readonly atMs: number;
  /** human, machine, unknown, no-speech, tone, greeting-end, fax, sit, stopped. */
  readonly event: string;
  readonly reason: string;
  readonly confidence: number | undefined;
};

export type Amd = {
  readonly leg: string;
  /** dB below full scale, one each `stepMs` since the answer; undefined where nothing was kept. */
  readonly levels: readonly (number | undefined)[];
  readonly stepMs: number;
  readonly findings: readonly Finding[];
};

const verdicts = new Set(['human', 'machine', 'unknown', 'no-speech']);

export function isVerdict({ event }: Finding): boolean {
  return verdicts.has(event);
}

function bytesOf(base64: unknown): number[] {
  if (typeof base64 !== 'string') return [];
  try {
    return Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return [];
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function amdOf(events: readonly TraceEvent[]): Amd[] {
  const byLeg = new Map<string, { levels: (number | undefined)[]; stepMs: number; findings: Finding[] }>();
  for (const { title, leg, detail } of events) {
    if (title !== 'amd.found' || typeof detail['atMs'] !== 'number') continue;
    const own = byLeg.get(leg ?? '?') ?? { levels: [], stepMs: 40, findings: [] };
    byLeg.set(leg ?? '?', own);
    const {
      fromMs = 0,
      stepMs = 40,
      levels,
    } = (detail['envelope'] ?? {}) as {
      fromMs?: number;
      stepMs?: number;
      levels?: unknown;
    };
    own.stepMs = stepMs;
    for (const [n, level] of bytesOf(levels).entries()) own.levels[Math.round(fromMs / stepMs) + n] = level;
    const confidence = typeof detail['confidence'] === 'number' ? detail['confidence'] : undefined;
    own.findings.push({
      atMs: detail['atMs'],
      event: text(detail['event']),
      reason: text(detail['reason']),
      confidence,
    });
  }
  return Array.from(byLeg, ([leg, own]) => ({ leg, ...own }));
}
