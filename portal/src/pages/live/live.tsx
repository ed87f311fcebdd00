/** Calls as they are now. Rows are virtual, changes come once a frame, levels are drawn past React. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Activity } from 'lucide-react';
import { useRef } from 'react';
import { Link } from 'wouter';
import { api } from '../../api/index.ts';
import { Empty, Page } from '../../parts/index.ts';
import { useLive, usePhone } from '../../shell/index.ts';
import { missingOf } from './missing.ts';
import { useMeters } from './meters.ts';
import { LiveRow } from './row.tsx';
import { useNarrow } from './narrow.ts';
import './live.css';

const rowHeight = { wide: 40, narrow: 74 };
const headHeight = 36;

function Rows() {
  const { calls } = useLive();
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const size = narrow ? rowHeight.narrow : rowHeight.wide;
  const virtual = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    overscan: 8,
    getItemKey: (n) => calls[n]?.call_sid ?? n,
  });
  useMeters(scroller);
  return (
    <div
      className="live-scroll"
      ref={scroller}
      style={{ height: virtual.getTotalSize() + headHeight }}
      tabIndex={0}
      role="group"
      aria-label="Live calls, scrollable"
    >
      <div role="table" aria-label="Live calls" aria-rowcount={calls.length + 1} className="live-table">
        <div role="row" className="live-row live-head" aria-rowindex={1}>
          {['State', 'From and to', 'Time', 'Carrier', 'Codec', 'Quality', 'Level', 'Actions'].map((head) => (
            <span role="columnheader" key={head} className={`c-${head.toLowerCase().split(' ')[0]}`}>
              {head}
            </span>
          ))}
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map(({ index, start, key }) => {
            const call = calls[index];
            return call === undefined ? null : (
              <LiveRow key={key} call={call} top={start} height={size} index={index + 2} />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** The first call of a newcomer needs no phone: the demo has somebody who says back what is said. */
function FirstCall() {
  const call = usePhone();
  const { data } = useQuery({
    queryKey: ['portal-config'],
    queryFn: () => api.get<{ features: Readonly<Record<string, boolean>> }>('/v1/Portal/Config'),
    staleTime: Infinity,
  });
  if (call === undefined || data?.features['echo'] !== true) return null;
  return <Button onClick={() => call('echo')}>Call the echo</Button>;
}

function summaryOf(count: number, talking: number, missing: string | undefined): string {
  const calls =
    count === 0
      ? 'Calls appear here the moment they begin.'
      : `${count} ${count === 1 ? 'leg' : 'legs'}, ${talking} talking.`;
  return missing === undefined ? calls : `${calls} ${missing}`;
}

export default function Live() {
  const { calls, state, nodes } = useLive();
  const talking = calls.filter((call) => call.state === 'in-progress').length;
  return (
    <Page title="Live calls" about={summaryOf(calls.length, talking, missingOf(nodes))}>
      <div className="panel live-panel">
        {calls.length === 0 ? (
          <Empty
            icon={<Activity size={28} strokeWidth={1.6} aria-hidden />}
            title={state === 'live' ? 'No calls now' : 'Waiting for the server'}
            action={<FirstCall />}
          >
            Call a number or a SIP user of this account, or place a call with the <Link href="/dial">dial builder</Link>
            . Ended calls are under <Link href="/recent">recent calls</Link>.
          </Empty>
        ) : (
          <Rows />
        )}
      </div>
    </Page>
  );
}
