/** What the ladder page draws, without any drawing: columns, rows, and the facts of the call at a glance. */
import { hookTitle, isMedia, type Leg, legOf, parseBody, sipRoute, type Story } from './describe.ts';
import type { StoredCall, StoredEvent, StoredHook, StoredSip } from './events.ts';
import { phraseOf } from './phrases.ts';

export type Column = { readonly key: string; readonly title: string; readonly subtitle: string };

/** `tone` picks the colour: what kind of news this is. */
export type Tone =
  | 'request'
  | 'progress'
  | 'success'
  | 'redirect'
  | 'failure'
  | 'hook'
  | 'media'
  | 'state'
  | 'milestone';

export type Row = {
  readonly at: number;
  readonly tone: Tone;
  /** An arrow between two columns, or a note on one. */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** Small print beside the label. */
  readonly mark: string;
  readonly repeated: boolean;
  /** Named blocks of text shown when the row is opened. */
  readonly blocks: readonly { readonly name: string; readonly text: string }[];
};

export type Fact = { readonly name: string; readonly value: string; readonly tone?: Tone };

export type Ladder = {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly facts: readonly Fact[];
  readonly startedAt: number;
  readonly lost: number;
};

/** The first 4 KiB hold every header we look for. */
function head(event: StoredSip): string {
  return event.bytes.toString('utf8', 0, 4096);
}

function header(text: string, name: string): string | undefined {
  const start = text.toLowerCase().indexOf(`\n${name}:`);
  if (start < 0) return undefined;
  const from = start + name.length + 2;
  const end = text.indexOf('\n', from);
  return text.slice(from, end < 0 ? undefined : end).trim();
}

/** `sip:bob@host` out of `"Bob" <sip:bob@host>;tag=x`. */
function address(value: string): string {
  const open = value.indexOf('<');
  const close = value.indexOf('>', open);
  const uri = open >= 0 && close > open ? value.slice(open + 1, close) : (value.split(';')[0] as string);
  return uri.replace(/^sips?:/i, '').split(';')[0] as string;
}

/** `bob@voice.test`; only `bob` where the host is an address, which stands below anyway. */
function shortest(uri: string): string {
  const at = uri.lastIndexOf('@');
  if (at < 0) return uri;
  const host = uri.slice(at + 1).replace(/:\d+$/, '');
  return /^[\d.]+$|^\[/.test(host) ? uri.slice(0, at) : `${uri.slice(0, at)}@${host}`;
}

/** Who the far end of a leg is: the caller's From when it called us, else the address we called. */
function farEnd(story: Story, leg: Leg): Column {
  const invite = story.events.find(
    (event): event is StoredSip =>
      event.kind === 'sip' && legOf(story, event) === leg && event.title.startsWith('INVITE'),
  );
  if (invite === undefined) return { key: leg.name, title: leg.name, subtitle: '' };
  const text = head(invite);
  const name = invite.direction === 'in' ? header(text, 'from') : text.split(' ')[1];
  const { from, to } = sipRoute(invite);
  const where = `${invite.transport.toLowerCase()} ${invite.direction === 'in' ? from : to}`;
  return { key: leg.name, title: `${leg.name} · ${shortest(address(name ?? ''))}`, subtitle: where };
}

function columnsOf(story: Story): Column[] {
  const talking = new Set(story.events.map((event) => legOf(story, event)?.name));
  const legs = story.legs.filter((leg, index) => index === 0 || talking.has(leg.name));
  const [first, ...others] = legs.map((leg) => farEnd(story, leg));
  const columns = [
    first ?? { key: 'a', title: 'a', subtitle: '' },
    { key: 'graine', title: 'Graine', subtitle: '' },
    ...others,
  ];
  const hook = story.events.find((event) => event.kind === 'hook');
  if (hook !== undefined) columns.push({ key: 'app', title: 'App', subtitle: origin((hook as StoredHook).url) });
  return columns;
}

function origin(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function path(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

function sipTone(title: string): Tone {
  const status = Number(title.slice(0, 3));
  if (!(status >= 100)) return 'request';
  if (status < 200) return 'progress';
  if (status < 300) return 'success';
  // A challenge is a step, not a failure.
  if (status < 400 || status === 401 || status === 407) return 'redirect';
  return 'failure';
}

function sipRow(story: Story, event: StoredSip, column: (key: string) => number): Row {
  const text = head(event);
  const far = column(legOf(story, event)?.name ?? 'a');
  const graine = column('graine');
  const isResponse = /^\d/.test(event.title);
  const method = header(text, 'cseq')?.split(/\s+/)[1] ?? '';
  const marks = [];
  if (isResponse && method !== '') marks.push(method);
  if (text.toLowerCase().includes('application/sdp')) marks.push('SDP');
  const reason = header(text, 'reason');
  if (reason !== undefined) marks.push(/text="([^"]*)"/.exec(reason)?.[1] ?? reason);
  const { from, to } = sipRoute(event);
  return {
    at: event.at,
    tone: sipTone(event.title),
    from: event.direction === 'in' ? far : graine,
    to: event.direction === 'in' ? graine : far,
    label: event.title,
    mark: marks.join(' · '),
    repeated: false,
    blocks: [{ name: `${event.transport.toUpperCase()} ${from} → ${to}`, text: event.bytes.toString('utf8') }],
  };
}

function pretty(text: string): string {
  const value = parseBody(text);
  return value === undefined || typeof value === 'string' ? text : JSON.stringify(value, undefined, 2);
}

/** A hook speaks of the leg its body names; a status callback is known by its status. */
function hookSubject(story: Story, event: StoredHook): string {
  const body = parseBody(event.request) as { call_sid?: unknown; call_status?: unknown } | undefined;
  const leg = story.legs.find((each) => each.callSid === body?.call_sid) ?? legOf(story, event);
  const status = event.type === 'call:status' ? ` ${String(body?.call_status ?? '')}` : '';
  return `${leg?.name ?? ''}${status}`;
}

function hookRow(story: Story, event: StoredHook, column: (key: string) => number): Row {
  const failed = event.error !== undefined || !(event.status !== undefined && event.status < 300);
  const retry = event.attempt > 0 ? ` · retry ${event.attempt}` : '';
  return {
    at: event.at,
    tone: failed ? 'failure' : 'hook',
    from: column('graine'),
    to: column('app'),
    label: `${event.type} ${hookSubject(story, event)}  ${event.method} ${path(event.url)} → ${event.status ?? event.error ?? 'no answer'}`,
    mark: `${Math.round(event.durationMs * 10) / 10} ms${retry}`,
    repeated: false,
    blocks: [
      { name: hookTitle(event), text: event.url },
      { name: 'Request', text: pretty(event.request) },
      { name: 'Answer', text: event.response === '' ? (event.error ?? '(empty)') : pretty(event.response) },
    ],
  };
}

const milestones = new Set(['session.started', 'session.ending', 'session.ended', 'dial.winner']);
const failures = /(?:failed|refused|busy|no-answer|lost|fault)$/;

function callTone(event: StoredCall): Tone {
  if (milestones.has(event.what)) return 'milestone';
  if (failures.test(event.what)) return 'failure';
  return isMedia(event.what) ? 'media' : 'state';
}

/** Sids say nothing to a reader: legs have names. */
function named(story: Story, text: string): string {
  let shown = text;
  for (const leg of story.legs) shown = shown.replaceAll(leg.callSid, leg.name);
  return shown;
}

function callRow(story: Story, event: StoredCall, column: (key: string) => number): Row {
  const tone = callTone(event);
  const leg = legOf(story, event)?.name;
  const graine = column('graine');
  const { label, mark } = phraseOf(event);
  const ofSession = event.what.startsWith('session.') || leg === undefined;
  const at = ofSession ? graine : column(leg);
  return {
    at: event.at,
    tone,
    from: at,
    to: at,
    label,
    mark: named(story, mark),
    repeated: false,
    blocks: [{ name: `${event.what} · ${leg ?? 'session'}`, text: JSON.stringify(event.detail, undefined, 2) }],
  };
}

function rowsOf(story: Story, columns: readonly Column[]): Row[] {
  const column = (key: string) =>
    Math.max(
      0,
      columns.findIndex((each) => each.key === key),
    );
  const seen = new Set<string>();
  return story.events.map((event) => {
    if (event.kind === 'hook') return hookRow(story, event, column);
    if (event.kind === 'call') return callRow(story, event, column);
    const row = sipRow(story, event, column);
    const print = `${event.direction}${event.bytes.toString('latin1')}`;
    if (seen.has(print)) return { ...row, repeated: true, mark: `${row.mark} · sent again` };
    seen.add(print);
    return row;
  });
}

export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

function factsOf(story: Story): Fact[] {
  const calls = story.events.filter((event): event is StoredCall => event.kind === 'call');
  const first = (what: string) => calls.find((event) => event.what === what);
  const caller = story.legs[0]?.callSid;
  const facts: Fact[] = [];
  const last = story.events.at(-1) as StoredEvent;
  const final = calls.find(
    ({ what, callSid }) => callSid === caller && /^leg\.(?:completed|failed|busy|no-answer)$/.test(what),
  );
  if (final !== undefined) {
    const status = final.what.slice(4);
    facts.push({ name: 'Outcome', value: status, tone: status === 'completed' ? 'success' : 'failure' });
  }
  const answered = calls.find(({ what, callSid }) => callSid === caller && what === 'leg.in-progress');
  const rang = calls.find(({ what }) => what === 'leg.ringing' || what === 'leg.early-media');
  if (rang !== undefined) facts.push({ name: 'Rang after', value: seconds(rang.at - story.startedAt) });
  if (answered !== undefined) facts.push({ name: 'Answered after', value: seconds(answered.at - story.startedAt) });
  const won = first('dial.winner') ?? first('media.bridged');
  if (won !== undefined) facts.push({ name: 'Who won', value: winner(story, won), tone: 'milestone' });
  const ending = first('session.ending') ?? first('session.ended');
  const why = ending?.detail ?? {};
  if (ending !== undefined)
    facts.push({ name: 'Ended by', value: [why['by'], why['reason']].filter(Boolean).join(': ') });
  const quality = calls.filter(({ what, detail }) => what === 'media.quality' && typeof detail['mos'] === 'number');
  if (quality.length > 0) {
    const worst = Math.min(...quality.map(({ detail }) => detail['mos'] as number));
    facts.push({ name: 'Audio', value: `MOS ${worst.toFixed(2)}` });
  }
  facts.push({ name: 'Lasted', value: seconds(last.at - story.startedAt) });
  facts.push({ name: 'Call', value: story.sessionSid });
  return facts;
}

function winner(story: Story, event: StoredCall): string {
  const ids = [event.detail['callSid'], event.detail['with'], event.callSid];
  const leg = story.legs.find((each, index) => index > 0 && ids.includes(each.callSid)) ?? legOf(story, event);
  return leg === undefined ? named(story, phraseOf(event).mark) : farEnd(story, leg).title;
}

export function ladderOf(story: Story): Ladder {
  const columns = columnsOf(story);
  const started = story.events.find(
    (event): event is StoredCall => event.kind === 'call' && event.what === 'session.started',
  );
  const { from, to } = started?.detail ?? {};
  return {
    title: started === undefined ? `Call ${story.sessionSid}` : `${String(from ?? '?')} → ${String(to ?? '?')}`,
    columns,
    rows: rowsOf(story, columns),
    facts: factsOf(story),
    startedAt: story.startedAt,
    lost: story.lost,
  };
}
