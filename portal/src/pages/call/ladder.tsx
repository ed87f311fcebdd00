/** The ladder: who sent what to whom, and when. A row opens beside it with headers and bodies. */
import { Checkbox, Drawer } from '@mantine/core';
import { type CSSProperties, type KeyboardEvent, useMemo, useState } from 'react';
import type { TraceEvent } from '../../api/index.ts';
import { Empty } from '../../parts/index.ts';
import { useNarrow } from '../live/index.ts';
import { EventDetail } from './event-detail.tsx';
import { type Column, type Ladder as Model, ladderOf, type Row } from './ladder-model.ts';
import './ladder.css';

const columnWidth = 134;

function middle(column: number, count: number): number {
  return ((column + 0.5) / count) * 100;
}

function Arrow({ row, count }: { readonly row: Row; readonly count: number }) {
  const [a, b] = [middle(row.from, count), middle(row.to, count)];
  if (row.from === row.to) {
    return (
      <span className="ladder-note" style={{ left: `${a}%` }}>
        <b>{row.label}</b> {row.mark}
      </span>
    );
  }
  const back = b < a;
  const style: CSSProperties = { left: `${Math.min(a, b)}%`, width: `${Math.abs(b - a)}%` };
  return (
    <span className={back ? 'ladder-arrow back' : 'ladder-arrow'} style={style}>
      <span className="ladder-label">
        <b>{row.label}</b> {row.mark}
      </span>
      <svg className="ladder-line" width="100%" height="8" aria-hidden>
        <line x1={back ? 5 : 0} y1="4" x2="100%" y2="4" />
        <svg x={back ? '0' : '100%'} overflow="visible">
          <path d={back ? 'M7 0 L0 4 L7 8 Z' : 'M-7 0 L0 4 L-7 8 Z'} />
        </svg>
      </svg>
    </span>
  );
}

function Heads({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <div className="ladder-heads">
      <span className="ladder-time">ms</span>
      <div className="ladder-lanes">
        {columns.map(({ key, title, under }, n) => (
          <span key={key} className="ladder-head" style={{ left: `${middle(n, columns.length)}%` }}>
            <bdi>{title}</bdi>
            <small>{under}</small>
          </span>
        ))}
      </div>
    </div>
  );
}

/** Arrow keys go up and down the ladder. */
function step(event: KeyboardEvent<HTMLElement>): void {
  const way = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key] as
    | 'nextElementSibling'
    | undefined;
  if (way === undefined) return;
  event.preventDefault();
  const next = event.currentTarget[way];
  if (next instanceof HTMLElement) next.focus();
}

function Rows(props: {
  readonly model: Model;
  readonly open: TraceEvent | undefined;
  readonly onOpen: (event: TraceEvent) => void;
}) {
  const { model, open, onOpen } = props;
  const count = model.columns.length;
  return (
    <div className="ladder-rows">
      <div className="ladder-lifelines" aria-hidden>
        {model.columns.map(({ key }, n) => (
          <i key={key} style={{ left: `${middle(n, count)}%` }} />
        ))}
      </div>
      {model.rows.map((row, n) => (
        <button
          key={n}
          type="button"
          className={`ladder-row tone-${row.tone}`}
          aria-pressed={row.event === open}
          onClick={() => onOpen(row.event)}
          onKeyDown={step}
        >
          <span className="ladder-time number">{Math.round(row.event.offset_ms)}</span>
          <span className="ladder-lanes">
            <Arrow row={row} count={count} />
            <span className="sr-only">{ends(row, model.columns)}</span>
          </span>
        </button>
      ))}
    </div>
  );
}

/** What the arrow says to those who do not see it. */
function ends(row: Row, columns: readonly Column[]): string {
  const [from, to] = [columns[row.from]?.title ?? '', columns[row.to]?.title ?? ''];
  return row.from === row.to ? `, at ${from}` : `, from ${from} to ${to}`;
}

const kinds = [
  ['sip', 'SIP'],
  ['hook', 'hooks'],
  ['call', 'moves'],
  ['media', 'media'],
] as const;

function Kinds(props: { readonly shown: readonly string[]; readonly onShown: (shown: readonly string[]) => void }) {
  const { shown, onShown } = props;
  return (
    <div className="row ladder-kinds" role="group" aria-label="Show">
      {kinds.map(([kind, title]) => (
        <Checkbox
          key={kind}
          size="xs"
          label={title}
          checked={shown.includes(kind)}
          onChange={(event) =>
            onShown(event.currentTarget.checked ? [...shown, kind] : shown.filter((each) => each !== kind))
          }
        />
      ))}
    </div>
  );
}

export function Ladder({ events, loading }: { readonly events: readonly TraceEvent[]; readonly loading: boolean }) {
  const [open, setOpen] = useState<TraceEvent>();
  const [shown, setShown] = useState<readonly string[]>(['sip', 'hook', 'call', 'media']);
  const narrow = useNarrow();
  const model = useMemo(() => {
    const whole = ladderOf(events);
    return { ...whole, rows: whole.rows.filter(({ event }) => shown.includes(event.kind) || event.kind === 'note') };
  }, [events, shown]);
  if (events.length === 0) {
    return loading ? (
      <p className="dim panel-body">Reading the timeline …</p>
    ) : (
      <Empty title="No timeline is kept of this call">
        Timelines of the newest calls are kept; the oldest go first. See docs/operations.md for how many.
      </Empty>
    );
  }
  return (
    <>
      <Kinds shown={shown} onShown={setShown} />
      <div className={open === undefined || narrow ? 'ladder-split' : 'ladder-split open'}>
        <div className="ladder" tabIndex={0} role="group" aria-label="Ladder of the call">
          <div style={{ minWidth: model.columns.length * (narrow ? 118 : columnWidth) + 52 }}>
            <Heads columns={model.columns} />
            <Rows model={model} open={open} onOpen={setOpen} />
          </div>
        </div>
        {open === undefined || narrow ? null : (
          <aside className="ladder-detail" aria-label="Chosen event">
            <EventDetail event={open} onClose={() => setOpen(undefined)} />
          </aside>
        )}
      </div>
      <Drawer
        opened={narrow && open !== undefined}
        onClose={() => setOpen(undefined)}
        position="bottom"
        size="75%"
        title={open?.title ?? ''}
        lockScroll={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {open === undefined ? null : <EventDetail event={open} />}
      </Drawer>
    </>
  );
}
