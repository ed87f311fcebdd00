/** Quality by the second, out of the `media.quality` events: one series a leg. */
import type { TraceEvent } from '../../api/index.ts';

type Column = readonly (number | null)[];

type Seconds = {
  readonly since: number;
  readonly secondsEach: number;
  readonly received: readonly number[];
  readonly lost: readonly number[];
  readonly jitterMs: Column;
  readonly roundTripMs: Column;
  readonly mos: Column;
};

export type LegQuality = {
  readonly leg: string;
  readonly mos: number | null;
  readonly lostPercent: number | null;
  readonly jitterMs: number | null;
  readonly roundTripMs: number | null;
  readonly codec: string;
  readonly packets: number;
  readonly seconds: Seconds | undefined;
};

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function qualityOf(events: readonly TraceEvent[]): LegQuality[] {
  return events
    .filter(({ title }) => title === 'media.quality')
    .map(({ leg, detail }) => ({
      leg: leg ?? '?',
      mos: numberOf(detail['mos']),
      lostPercent: numberOf(detail['packetsLostPercent']),
      jitterMs: numberOf(detail['jitterMs']),
      roundTripMs: numberOf(detail['roundTripMs']),
      codec: String((detail['mosInputs'] as { codec?: string } | undefined)?.codec ?? ''),
      packets: numberOf(detail['packetsReceived']) ?? 0,
      seconds: detail['seconds'] as Seconds | undefined,
    }));
}

export type Figure = 'mos' | 'lost' | 'jitterMs' | 'roundTripMs';

function valuesOf(seconds: Seconds, figure: Figure): Column {
  if (figure !== 'lost') return seconds[figure];
  return seconds.lost.map((lost, n) => {
    const expected = lost + (seconds.received[n] ?? 0);
    return expected === 0 ? null : (100 * lost) / expected;
  });
}

/** Seconds since the first leg was heard, and for each leg its values there: what a chart is drawn of. */
export function seriesOf(legs: readonly LegQuality[], figure: Figure): (number | null)[][] {
  const known = legs.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  if (known.length === 0) return [[]];
  const origin = Math.min(...known.map(({ since }) => since));
  const points = known.map((seconds) => {
    const first = (seconds.since - origin) / 1000;
    const values = valuesOf(seconds, figure);
    return new Map(values.map((value, n) => [Math.round(first + (n + 1) * seconds.secondsEach), value]));
  });
  const times = [...new Set(points.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b);
  return [times, ...points.map((each) => times.map((time) => each.get(time) ?? null))];
}
