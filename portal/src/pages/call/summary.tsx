/** The call at a glance. */
import { Link } from 'wouter';
import type { CallInfo, LiveCall, TraceEvent } from '../../api/index.ts';
import { figure, lasted, Mark, outcome, party, StateMark, when } from '../../parts/index.ts';
import { LegActions } from '../live/index.ts';

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  if (children === null || children === undefined || children === '' || children === '–') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The first event of this title, ms after the call began. */
function msTo(events: readonly TraceEvent[], ...titles: readonly string[]): string {
  const found = events.find(({ title }) => titles.includes(title));
  return found === undefined ? '' : `${Math.round(found.offset_ms)} ms`;
}

function Running({ legs }: { readonly legs: readonly LiveCall[] }) {
  if (legs.length === 0) return null;
  return (
    <div className="legs">
      {legs.map((leg) => (
        <div key={leg.call_sid} className="row leg">
          <StateMark state={leg.state} />
          <Link href={`/call/${leg.call_sid}`} className="grow">
            <bdi>{party(leg.from)}</bdi> → <bdi>{party(leg.to)}</bdi>
          </Link>
          <span className="dim">
            {[leg.carrier ?? leg.target?.split(':')[0], leg.codec, leg.media_path === 'no-media' ? 'direct' : '']
              .filter(Boolean)
              .join(' · ')}
          </span>
          <span className="number">{leg.quality?.mos ? `MOS ${figure(leg.quality.mos, '', 2)}` : ''}</span>
          <LegActions call={leg} />
        </div>
      ))}
    </div>
  );
}

export function Summary(props: {
  readonly call: CallInfo | undefined;
  readonly legs: readonly LiveCall[];
  readonly events: readonly TraceEvent[];
}) {
  const { call, legs, events } = props;
  if (call === undefined) return null;
  const running = legs.length > 0;
  const status = running
    ? (legs.find((leg) => leg.call_sid === call.call_sid)?.state ?? call.call_status)
    : call.call_status;
  return (
    <section className="panel" aria-label="Summary">
      <dl className="facts panel-body">
        <Fact name="State">
          <StateMark state={status} />
        </Fact>
        <Fact name="Direction">{call.direction}</Fact>
        <Fact name="Began">{when(call.attempted_at ?? events[0]?.time)}</Fact>
        <Fact name="Rang after">{msTo(events, 'leg.ringing', 'leg.early-media')}</Fact>
        <Fact name="Answered after">{msTo(events, 'leg.in-progress')}</Fact>
        <Fact name="Talk">{call.answered === true ? lasted(call.duration) : ''}</Fact>
        <Fact name="Ended by">{call.terminated_by}</Fact>
        <Fact name="Outcome">
          {call.sip_status === undefined || call.sip_status === 0 ? null : (
            <Mark tone={call.sip_status < 300 ? 'ok' : 'bad'}>{outcome(call.sip_status, call.termination_reason)}</Mark>
          )}
        </Fact>
        <Fact name="By">{call.trunk}</Fact>
        <Fact name="Far end">{call.remote_host}</Fact>
        <Fact name="MOS">{figure(call.mos, '', 2)}</Fact>
        <Fact name="Lost">{figure(call.packets_lost_percent, ' %', 2)}</Fact>
        <Fact name="Jitter">{figure(call.jitter_ms, ' ms')}</Fact>
        <Fact name="Round trip">{figure(call.round_trip_ms, ' ms')}</Fact>
        {call.parent_call_sid ? (
          <Fact name="Child of">
            <Link href={`/call/${call.parent_call_sid}`} className="mono">
              {call.parent_call_sid.slice(0, 8)}…
            </Link>
          </Fact>
        ) : null}
      </dl>
      <Running legs={legs} />
    </section>
  );
}
