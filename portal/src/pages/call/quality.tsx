/** Quality plotted by the second, a line a leg, all charts on one cursor; the same figures as a table. */
import { useComputedColorScheme } from '@mantine/core';
import { Gauge } from 'lucide-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { api, type LiveCall, type TraceEvent } from '../../api/index.ts';
import { Empty, figure as shown, Table } from '../../parts/index.ts';
import { type Figure, type LegNow, type LegQuality, qualityOf, seriesOf } from './quality-model.ts';

const charts: readonly { figure: Figure; title: string; unit: string; range: [number, number] | undefined }[] = [
  { figure: 'mos', title: 'MOS', unit: '', range: [1, 4.6] },
  { figure: 'lost', title: 'Packets lost', unit: ' %', range: undefined },
  { figure: 'jitterMs', title: 'Jitter', unit: ' ms', range: undefined },
  { figure: 'roundTripMs', title: 'Round trip', unit: ' ms', range: undefined },
];

const colours = {
  light: ['#0f6b64', '#b45309', '#6535b5', '#1c56b8', '#b42318'],
  dark: ['#4fd1c0', '#f0a64b', '#c0a2ff', '#84b6ff', '#ff8f85'],
};

type ChartProps = { readonly legs: readonly LegQuality[]; readonly chart: (typeof charts)[number] };

function Chart({ legs, chart }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot>(undefined);
  const scheme = useComputedColorScheme('light');
  const names = legs.map(({ leg }) => leg).join();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const style = getComputedStyle(element);
    const axis = {
      stroke: style.getPropertyValue('--dim'),
      grid: { stroke: style.getPropertyValue('--line'), width: 1 },
      ticks: { show: false },
      font: '11px sans-serif',
    };
    const range =
      chart.range ?? ((_: uPlot, __: number, most: number): [number, number] => [0, Math.max(1, most * 1.1)]);
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: 150,
        cursor: { sync: { key: 'quality' }, y: false },
        legend: { live: true },
        scales: { x: { time: false }, y: { range } },
        axes: [
          {
            ...axis,
            incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600],
            values: (_, ticks) => ticks.map((tick) => `${tick} s`),
            size: 26,
          },
          { ...axis, size: 42, values: (_, ticks) => ticks.map((tick) => `${tick}`) },
        ],
        series: [
          { label: 'second' },
          ...names.split(',').map((leg, n) => ({
            label: `leg ${leg}`,
            stroke: colours[scheme][n % 5] as string,
            width: 1.75,
            spanGaps: false,
            points: { show: true, size: 4 },
            value: (_: uPlot, value: number | null) => shown(value, chart.unit, 2),
          })),
        ],
      },
      [[]],
      element,
    );
    drawn.current = plot;
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 150 }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [names, chart, scheme]);
  useEffect(() => drawn.current?.setData(seriesOf(legs, chart.figure) as uPlot.AlignedData), [legs, chart, scheme]);
  return (
    <figure className="chart">
      <figcaption>
        {chart.title}
        <span className="dim">{chart.unit === '' ? ' 1 to 4.5' : chart.unit}</span>
      </figcaption>
      <div ref={place} role="img" aria-label={`${chart.title} by the second; the table below has the totals`} />
    </figure>
  );
}

/** A round trip is known only where the far end sends RTCP. */
function isMeasured(legs: readonly LegQuality[], name: Figure): boolean {
  return seriesOf(legs, name)
    .slice(1)
    .some((values) => values.some((value) => value !== null));
}

/** Of the legs that run: read anew when the feed brings new figures of one of them, every five seconds or so. */
function useNow(call: string, running: readonly LiveCall[]): readonly LegNow[] {
  const print = JSON.stringify(running.map(({ call_sid: sid, quality }) => [sid, quality]));
  const now = useQuery({
    queryKey: ['quality', call, print],
    queryFn: () => api.get<LegNow[]>(`${call}/Quality`),
    enabled: running.length > 0,
    placeholderData: (before) => before,
    retry: false,
  });
  return running.length > 0 ? (now.data ?? []) : [];
}

type Props = {
  readonly events: readonly TraceEvent[];
  /** Where REST has the call. */
  readonly path: string;
  readonly legs: readonly LiveCall[];
};

export default function Quality({ events, path, legs: live }: Props) {
  const now = useNow(path, live);
  const running = live.length > 0;
  const legs = useMemo(() => qualityOf(events, now), [events, now]);
  const plotted = useMemo(() => legs.filter(({ seconds }) => seconds !== undefined), [legs]);
  if (legs.length === 0) {
    return (
      <Empty
        icon={<Gauge size={28} strokeWidth={1.6} aria-hidden />}
        title={running ? 'Nothing is measured yet' : 'Nothing was measured'}
      >
        {running
          ? 'No audio has reached this server: nobody has answered yet, or the media go past it.'
          : 'No audio reached this server: the call was not answered, or its media went past it.'}
      </Empty>
    );
  }
  return (
    <div className="panel-body stack">
      {plotted.length === 0 ? null : (
        <div className="charts">
          {charts
            .filter(({ figure }) => isMeasured(plotted, figure))
            .map((chart) => (
              <Chart key={chart.figure} legs={plotted} chart={chart} />
            ))}
        </div>
      )}
      <Table
        label="Quality of each leg"
        rows={legs}
        keyOf={({ leg }) => leg}
        columns={[
          { head: 'Leg', cell: ({ leg }) => leg },
          { head: 'Codec', cell: ({ codec }) => codec || '–' },
          { head: 'Packets', cell: ({ packets }) => packets, end: true },
          { head: 'MOS', cell: ({ mos }) => shown(mos, '', 2), end: true },
          { head: 'Lost', cell: ({ lostPercent }) => shown(lostPercent, ' %', 2), end: true },
          { head: 'Jitter', cell: ({ jitterMs }) => shown(jitterMs, ' ms', 2), end: true },
          { head: 'Round trip', cell: ({ roundTripMs }) => shown(roundTripMs, ' ms', 2), end: true },
        ]}
      />
    </div>
  );
}
