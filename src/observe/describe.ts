/** From stored events to a story: legs named, Call-IDs matched to legs, times relative to the first event; and from the
 * story to the JSON timeline. */
import type { StoredEvent, StoredHook, StoredSip } from './events.ts';

/** `caller` is the session's first call; the others are its children in order of appearance. */
export type Leg = { readonly callSid: string; readonly name: string };

export type Story = {
  readonly sessionSid: string;
  readonly legs: readonly Leg[];
  /** SIP Call-ID to leg. */
  readonly legOfCallId: ReadonlyMap<string, Leg>;
  readonly startedAt: number;
  readonly events: readonly StoredEvent[];
  /** Events left out because there were too many. */
  readonly lost: number;
};

function legName(index: number): string {
  return index === 0 ? 'a' : `b${index}`;
}

/** Puts events in order and works out who is who. */
export function tell(kept: {
  readonly sessionSid: string;
  readonly callSids: readonly string[];
  readonly lost: number;
  readonly events: readonly StoredEvent[];
}): Story {
  // Sort is stable: events of one millisecond keep the order they came in.
  const all = [...kept.events].sort((a, b) => a.at - b.at);
  const legs = kept.callSids.map((callSid, index) => ({ callSid, name: legName(index) }));
  const legOfCallId = new Map<string, Leg>();
  for (const event of all) {
    if (event.kind !== 'call' || event.what !== 'link') continue;
    const leg = legs.find((each) => each.callSid === event.callSid);
    if (leg !== undefined) legOfCallId.set(String(event.detail['callId']), leg);
  }
  const events = all.filter((event) => event.kind !== 'call' || event.what !== 'link');
  return {
    sessionSid: kept.sessionSid,
    legs,
    legOfCallId,
    startedAt: events[0]?.at ?? 0,
    events,
    lost: kept.lost,
  };
}

export function legOf(story: Story, event: StoredEvent): Leg | undefined {
  if (event.kind === 'sip') return story.legOfCallId.get(event.callId);
  return story.legs.find((leg) => leg.callSid === event.callSid);
}

/** Hook bodies were stored as text; a whole one is shown as data. */
export function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const mediaWords = /^(?:media|rtp|dtmf|play|record|bridge|quality|listen)\b/;

export function isMedia(what: string): boolean {
  return mediaWords.test(what);
}

function hostPort(end: { readonly address: string; readonly port: number }): string {
  return end.address.includes(':') ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`;
}

export function sipRoute(event: StoredSip): { readonly from: string; readonly to: string } {
  const local = hostPort(event.local);
  const remote = hostPort(event.remote);
  return event.direction === 'in' ? { from: remote, to: local } : { from: local, to: remote };
}

export function hookTitle(event: StoredHook): string {
  const outcome = event.error ?? String(event.status ?? 'no answer');
  return `${event.type} ${event.method} → ${outcome}`;
}

function body(event: StoredEvent): Record<string, unknown> {
  switch (event.kind) {
    case 'sip': {
      const { direction, transport, callId } = event;
      return { direction, transport, ...sipRoute(event), sip_call_id: callId, raw: event.bytes.toString('utf8') };
    }
    case 'hook': {
      const { url, method, type, status, durationMs, attempt, error } = event;
      const head = { type, method, url, status, duration_ms: durationMs, attempt, error };
      return { ...head, request: parseBody(event.request), response: parseBody(event.response) };
    }
    case 'call':
      return { ...event.detail };
  }
}

function title(event: StoredEvent): string {
  if (event.kind === 'sip') return event.title;
  return event.kind === 'hook' ? hookTitle(event) : event.what;
}

function kind(event: StoredEvent): string {
  return event.kind === 'call' && isMedia(event.what) ? 'media' : event.kind;
}

/** The JSON timeline: oldest first. */
export function describe(story: Story): Readonly<Record<string, unknown>>[] {
  const rows: Record<string, unknown>[] = story.events.map((event) => {
    const leg = legOf(story, event);
    return {
      time: new Date(event.at).toISOString(),
      offset_ms: Math.round((event.at - story.startedAt) * 1000) / 1000,
      leg: leg?.name ?? null,
      call_sid: leg?.callSid ?? story.sessionSid,
      kind: kind(event),
      title: title(event),
      detail: body(event),
    };
  });
  if (story.lost > 0) rows.push({ kind: 'note', title: `${story.lost} events were left out`, detail: {} });
  return rows;
}
