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

function legQuality(leg: string, detail: Readonly<Record<string, unknown>>): LegQuality {
  return {
    leg,
    mos: numberOf(detail['mos']),
    lostPercent: numberOf(detail['packetsLostPercent']),
    jitterMs: numberOf(detail['jitterMs']),
    roundTripMs: numberOf(detail['roundTripMs']),
    codec: String((detail['mosInputs'] as { codec?: string } | undefined)?.codec ?? ''),
    packets: numberOf(detail['packetsReceived']) ?? 0,
    seconds: detail['seconds'] as Seconds | undefined,
  };
}

/** What REST says of a leg that runs: the fields of `media.quality`, and whose they are. */
export type LegNow = Readonly<Record<string, unknown>> & { readonly call_sid: string };

/** Of legs that are over out of the timeline, of those that run as they stand. */
export function qualityOf(events: readonly TraceEvent[], now: readonly LegNow[] = []): LegQuality[] {
  const ended = events.filter(({ title }) => title === 'media.quality');
  const over = new Set(ended.map(({ call_sid: sid }) => sid));
  const names = new Map(events.map(({ call_sid: sid, leg }) => [sid, leg]));
  return [
    ...ended.map(({ leg, detail }) => legQuality(leg ?? '?', detail)),
    ...now
      .filter(({ call_sid: sid, packetsReceived }) => !over.has(sid) && numberOf(packetsReceived) !== 0)
      .map((leg) => legQuality(names.get(leg.call_sid) ?? '?', leg)),
  ].sort((a, b) => a.leg.localeCompare(b.leg));
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
