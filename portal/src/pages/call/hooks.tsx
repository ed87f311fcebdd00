/** What the application was asked and what it answered. */
import { Webhook } from 'lucide-react';
import type { TraceEvent } from '../../api/index.ts';
import { Empty, Mark } from '../../parts/index.ts';
import { HookBodies } from './event-detail.tsx';

function outcome({ detail }: TraceEvent): string {
  const { status, error } = detail;
  return String((status ?? error ?? 'no answer') as string | number);
}

export function Hooks({ events }: { readonly events: readonly TraceEvent[] }) {
  const hooks = events.filter(({ kind }) => kind === 'hook');
  if (hooks.length === 0) {
    return (
      <Empty icon={<Webhook size={28} strokeWidth={1.6} aria-hidden />} title="No hook was called">
        An application with fixed verbs and no status hook asks nobody.
      </Empty>
    );
  }
  return (
    <div className="panel-body stack">
      {hooks.map((event, n) => {
        const failed = !(Number(event.detail['status']) < 400);
        return (
          <details key={n} className="hook-card" open={n === 0}>
            <summary className="row">
              <span className="event-time number">+{Math.round(event.offset_ms)}</span>
              <b>
                {String(event.detail['method'])} {String(event.detail['type'])}
              </b>
              <span className="mono grow dim">{String(event.detail['url'])}</span>
              <Mark tone={failed ? 'bad' : 'ok'}>{outcome(event)}</Mark>
              <span className="dim number">{Math.round(Number(event.detail['duration_ms']))} ms</span>
            </summary>
            <div className="event-body">
              <HookBodies event={event} />
            </div>
          </details>
        );
      })}
    </div>
  );
}
