/** What the ladder draws: a column for each party, a row for each event. */
import type { TraceEvent } from '../../api/index.ts';
import { phraseOf } from './phrases.ts';

export type Tone = 'request' | 'progress' | 'success' | 'step' | 'failure' | 'hook' | 'media' | 'state';

export type Column = { readonly key: string; readonly title: string; readonly under: string };

export type Row = {
  readonly event: TraceEvent;
  readonly tone: Tone;
  /** Columns; the same twice is a note on that column. */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly mark: string;
};

export type Ladder = { readonly columns: readonly Column[]; readonly rows: readonly Row[] };

const server = 'graine';
const app = 'app';

function text(event: TraceEvent, name: string): string {
  const value = event.detail[name];
  return typeof value === 'string' ? value : '';
}

/** `"Bob" <sip:bob@host>;tag=x` → `bob@host`; a host that is an address stands below anyway. */
function address(value: string): string {
  // A display name in quotes may hold anything, angle brackets too.
  const bare = value.replace(/^\s*"(?:[^"\\]|\\.)*"/, '');
  const uri = (/<([^>]*)>/.exec(bare)?.[1] ?? bare.split(';')[0] ?? '').replace(/^sips?:/i, '').split(';')[0] ?? '';
  const at = uri.lastIndexOf('@');
  return at > 0 && /^[\d.:[\]]+$/.test(uri.slice(at + 1)) ? uri.slice(0, at) : uri;
}

function columnOf(leg: string, events: readonly TraceEvent[]): Column {
  const invite = events.find((event) => event.kind === 'sip' && event.leg === leg && event.title.startsWith('INVITE'));
  if (invite === undefined) return { key: leg, title: leg, under: '' };
  const raw = text(invite, 'raw');
  const inbound = text(invite, 'direction') === 'in';
  const who = inbound ? /\nfrom:([^\n]*)/i.exec(raw)?.[1]?.trim() : raw.split(' ')[1];
  const where = text(invite, inbound ? 'from' : 'to');
  return {
    key: leg,
    title: address(who ?? '') || leg,
    under: `${leg} · ${text(invite, 'transport').toLowerCase()} ${where}`,
  };
}

function host(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function columnsOf(events: readonly TraceEvent[]): Column[] {
  const legs = [...new Set(events.flatMap(({ leg }) => (leg === null ? [] : [leg])))];
  const [first = 'a', ...others] = legs.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const columns = [
    columnOf(first, events),
    { key: server, title: 'Graine', under: '' },
    ...others.map((leg) => columnOf(leg, events)),
  ];
  const hook = events.find(({ kind }) => kind === 'hook');
  return hook === undefined
    ? columns
    : [...columns, { key: app, title: 'Application', under: host(text(hook, 'url')) }];
}

function sipTone(title: string): Tone {
  const status = Number(title.slice(0, 3));
  if (!(status >= 100)) return 'request';
  if (status < 200) return 'progress';
  if (status < 300) return 'success';
  // A challenge or a redirection is a step, not a failure.
  if (status < 400 || status === 401 || status === 407) return 'step';
  return 'failure';
}

function rowOf(event: TraceEvent, at: (key: string) => number): Row {
  const party = at(event.leg ?? 'a');
  switch (event.kind) {
    case 'sip': {
      const inbound = text(event, 'direction') === 'in';
      const ends = inbound ? { from: party, to: at(server) } : { from: at(server), to: party };
      const sdp = /\ncontent-type:\s*application\/sdp/i.test(text(event, 'raw')) ? 'SDP' : '';
      return { event, tone: sipTone(event.title), ...ends, label: event.title, mark: sdp };
    }
    case 'hook': {
      const status = event.detail['status'];
      const failed = typeof status !== 'number' || status >= 400;
      const mark = `${word(status) || text(event, 'error')} · ${Math.round(Number(event.detail['duration_ms']))} ms`;
      const label = `${text(event, 'method')} ${text(event, 'type')}`;
      return { event, tone: failed ? 'failure' : 'hook', from: at(server), to: at(app), label, mark };
    }
    default: {
      const { label, mark } = phraseOf(event);
      const tone = event.kind === 'media' ? 'media' : 'state';
      return { event, tone, from: party, to: party, label, mark };
    }
  }
}

function word(value: unknown): string {
  return value === null || value === undefined ? '' : String(value as number | string);
}

export function ladderOf(events: readonly TraceEvent[]): Ladder {
  const columns = columnsOf(events);
  const at = (key: string) =>
    Math.max(
      0,
      columns.findIndex((column) => column.key === key),
    );
  return { columns, rows: events.map((event) => rowOf(event, at)) };
}
