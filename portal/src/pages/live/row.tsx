/** One leg of a live call. */
import { memo } from 'react';
import { ArrowDownLeft, ArrowUpRight, CornerDownRight } from 'lucide-react';
import { Link } from 'wouter';
import type { LiveCall } from '../../api/index.ts';
import { figure, lasted, msOf, party, StateMark } from '../../parts/index.ts';
import { LegActions } from './actions.tsx';
import { useNow } from './clock.ts';

function Since({ call }: { readonly call: LiveCall }) {
  const now = useNow();
  const from = msOf(call.answered_at) ?? msOf(call.started_at) ?? now;
  return <>{lasted((now - from) / 1000)}</>;
}

function Quality({ call }: { readonly call: LiveCall }) {
  const mos = call.quality?.mos;
  if (mos === undefined || mos === null) return <span className="dim">–</span>;
  const tone = mos >= 3.8 ? 'good' : mos >= 3 ? 'fair' : 'poor';
  const loss = figure(call.quality?.loss_percent, ' % lost');
  return (
    <span className={`mos ${tone}`} title={`MOS ${figure(mos, '', 2)}, ${loss}`}>
      {figure(mos, '', 2)}
    </span>
  );
}

function Who({ call }: { readonly call: LiveCall }) {
  const child = call.parent_call_sid !== null;
  const Direction = child ? CornerDownRight : call.direction === 'inbound' ? ArrowDownLeft : ArrowUpRight;
  return (
    <Link href={`/call/${call.call_sid}`} className={child ? 'who child' : 'who'}>
      <Direction size={14} aria-label={child ? 'child leg' : call.direction} />
      {child ? null : (
        <>
          <bdi>{party(call.from)}</bdi>
          <span className="dim">→</span>
        </>
      )}
      <bdi>{party(call.to)}</bdi>
    </Link>
  );
}

type Props = { readonly call: LiveCall; readonly top: number; readonly height: number; readonly index: number };

export const LiveRow = memo(function LiveRow({ call, top, height, index }: Props) {
  return (
    <div
      role="row"
      aria-rowindex={index}
      className="live-row"
      data-call={call.call_sid}
      style={{ height, transform: `translateY(${top}px)` }}
    >
      <span role="cell" className="c-state">
        <StateMark state={call.state} />
      </span>
      <span role="cell" className="c-from">
        <Who call={call} />
      </span>
      <span role="cell" className="c-time number">
        <Since call={call} />
      </span>
      <span role="cell" className="c-carrier dim">
        {call.carrier ?? call.target?.split(':')[0] ?? ''}
      </span>
      <span role="cell" className="c-codec dim">
        {[call.codec, call.media_path === 'no-media' ? 'direct' : ''].filter(Boolean).join(' · ')}
      </span>
      <span role="cell" className="c-quality number">
        <Quality call={call} />
      </span>
      <span role="cell" className="c-level">
        <span className="meter" role="presentation">
          <i data-meter={call.call_sid} />
        </span>
      </span>
      <span role="cell" className="c-actions">
        <LegActions call={call} />
      </span>
    </div>
  );
});
