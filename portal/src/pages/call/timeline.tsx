/** Every event of the call in order: by kind, by leg, by word. */
import { MultiSelect, Select, TextInput } from '@mantine/core';
import { ChevronRight, Search } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import type { TraceEvent } from '../../api/index.ts';
import { Empty } from '../../parts/index.ts';
import { EventBody } from './event-detail.tsx';
import { phraseOf } from './phrases.ts';

const kinds = [
  { value: 'sip', label: 'SIP' },
  { value: 'hook', label: 'Hooks' },
  { value: 'call', label: 'Moves of the call' },
  { value: 'media', label: 'Media' },
];

/** More rows than these are shown on demand. */
const mostRows = 400;

function line(event: TraceEvent): { readonly label: string; readonly mark: string } {
  if (event.kind === 'sip') {
    const way = event.detail['direction'] === 'in' ? 'received from' : 'sent to';
    const where = event.detail['direction'] === 'in' ? event.detail['from'] : event.detail['to'];
    return { label: event.title, mark: `${way} ${String(where)}` };
  }
  if (event.kind === 'hook') return { label: event.title, mark: String(event.detail['url'] ?? '') };
  return phraseOf(event);
}

function Row({ event }: { readonly event: TraceEvent }) {
  const [open, setOpen] = useState(false);
  const { label, mark } = line(event);
  return (
    <li className={`event ${event.kind}`}>
      <button type="button" className="event-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight size={14} aria-hidden className={open ? 'turned' : ''} />
        <span className="event-time number">+{Math.round(event.offset_ms)}</span>
        <span className="event-leg">{event.leg ?? ''}</span>
        <span className="event-kind">{event.kind}</span>
        <b>{label}</b>
        <span className="dim event-mark">{mark}</span>
      </button>
      {open ? (
        <div className="event-body">
          <EventBody event={event} />
        </div>
      ) : null}
    </li>
  );
}

export function Timeline({ events }: { readonly events: readonly TraceEvent[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const [leg, setLeg] = useState('');
  const [search, setSearch] = useState('');
  const [most, setMost] = useState(mostRows);
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const legs = useMemo(() => [...new Set(events.flatMap((event) => event.leg ?? []))], [events]);
  const found = useMemo(
    () =>
      events.filter(
        (event) =>
          (chosen.length === 0 || chosen.includes(event.kind)) &&
          (leg === '' || event.leg === leg) &&
          (wanted === '' || JSON.stringify(event).toLowerCase().includes(wanted)),
      ),
    [events, chosen, leg, wanted],
  );
  return (
    <div className="panel-body stack">
      <div className="row">
        <TextInput
          className="grow"
          maw={320}
          aria-label="Search the timeline"
          placeholder="Word, header, number"
          leftSection={<Search size={15} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <MultiSelect
          aria-label="Kinds of event"
          placeholder={chosen.length === 0 ? 'Every kind' : ''}
          w={240}
          data={kinds}
          value={chosen}
          onChange={setChosen}
        />
        <Select
          aria-label="Leg"
          w={130}
          allowDeselect={false}
          data={[{ value: '', label: 'Every leg' }, ...legs.map((value) => ({ value, label: `Leg ${value}` }))]}
          value={leg}
          onChange={(value) => setLeg(value ?? '')}
        />
        <span className="dim number">
          {found.length} of {events.length}
        </span>
      </div>
      {found.length === 0 ? (
        <Empty title="No such event">Choose another kind, or another word.</Empty>
      ) : (
        <ol className="events">
          {found.slice(0, most).map((event, n) => (
            <Row key={n} event={event} />
          ))}
        </ol>
      )}
      {found.length > most ? (
        <button type="button" className="more" onClick={() => setMost(most + mostRows)}>
          Show {Math.min(mostRows, found.length - most)} more
        </button>
      ) : null}
    </div>
  );
}
