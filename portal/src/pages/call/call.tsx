/** One call: what it was, and everything that is known of it. A running one is read anew when the feed tells of a change. */
import { Button, Tabs } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, Download } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo } from 'react';
import { Link, useLocation, useParams, useSearchParams } from 'wouter';
import { api, ApiError, type CallInfo, type LiveCall, type TraceEvent } from '../../api/index.ts';
import { Empty, ErrorNote, Page, party } from '../../parts/index.ts';
import { useAccount, useLive } from '../../shell/index.ts';
import { Hooks } from './hooks.tsx';
import { Ladder } from './ladder.tsx';
import { Sound } from './sound.tsx';
import { Summary } from './summary.tsx';
import { Timeline } from './timeline.tsx';
import './call.css';

const Quality = lazy(() => import('./quality.tsx'));

/** Changes of a running call come in bursts; its trace is read once for each burst. */
const burstMs = 400;

function useCall(accountSid: string, sid: string) {
  const path = `/v1/Accounts/${accountSid}/Calls/${sid}`;
  const info = useQuery({ queryKey: ['call', accountSid, sid], queryFn: () => api.get<CallInfo>(path) });
  const trace = useQuery({
    queryKey: ['trace', accountSid, sid],
    queryFn: () => api.get<TraceEvent[]>(`${path}/Trace`),
    retry: (times, fault) => times < 3 && !(fault instanceof ApiError && fault.status === 403),
  });
  return { info, trace, path };
}

/** Legs of this call that run now. Each change of them reads the call anew. */
function useRunning(accountSid: string, sid: string): readonly LiveCall[] {
  const { calls } = useLive();
  const client = useQueryClient();
  const own = calls.find((call) => call.call_sid === sid);
  const legs = own === undefined ? [] : calls.filter((call) => call.session === own.session);
  const print = JSON.stringify(legs.map(({ call_sid, state, answered_at }) => [call_sid, state, answered_at]));
  useEffect(() => {
    const timer = setTimeout(() => {
      void client.invalidateQueries({ queryKey: ['call', accountSid, sid] });
      void client.invalidateQueries({ queryKey: ['trace', accountSid, sid] });
    }, burstMs);
    return () => clearTimeout(timer);
  }, [print, client, accountSid, sid]);
  return legs;
}

function Unknown() {
  const [, go] = useLocation();
  return (
    <Page title="Call">
      <div className="panel">
        <Empty title="This call is not known here" action={<Button onClick={() => go('/recent')}>Recent calls</Button>}>
          It is another account’s, or so old that its record is gone.
        </Empty>
      </div>
    </Page>
  );
}

type ViewsProps = {
  readonly call: CallInfo | undefined;
  readonly events: readonly TraceEvent[];
  readonly loading: boolean;
  readonly path: string;
  readonly legs: readonly LiveCall[];
};

/** Which one is open stands in the address, so that it can be sent to somebody. */
function Views({ call, events, loading, path, legs }: ViewsProps) {
  const [search, setSearch] = useSearchParams();
  return (
    <Tabs
      value={search.get('tab') ?? 'ladder'}
      onChange={(value) => setSearch({ tab: value ?? 'ladder' }, { replace: true })}
      keepMounted={false}
      className="panel call-tabs"
    >
      <Tabs.List>
        <Tabs.Tab value="ladder">Ladder</Tabs.Tab>
        <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
        <Tabs.Tab value="hooks">Hooks</Tabs.Tab>
        <Tabs.Tab value="quality">Quality</Tabs.Tab>
        <Tabs.Tab value="sound">Sound</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="ladder">
        <Ladder events={events} loading={loading} />
      </Tabs.Panel>
      <Tabs.Panel value="timeline">
        <Timeline events={events} />
      </Tabs.Panel>
      <Tabs.Panel value="hooks">
        <Hooks events={events} />
      </Tabs.Panel>
      <Tabs.Panel value="quality">
        <Suspense fallback={<p className="dim panel-body">Loading the charts …</p>}>
          <Quality events={events} path={path} legs={legs} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="sound">
        <Sound events={events} recording={call?.recording_url ?? null} />
      </Tabs.Panel>
    </Tabs>
  );
}

export default function Call() {
  const { sid = '' } = useParams();
  const { account_sid: accountSid } = useAccount();
  const { info, trace, path } = useCall(accountSid, sid);
  const legs = useRunning(accountSid, sid);
  const events = useMemo(() => trace.data ?? [], [trace.data]);
  const call = info.data;
  if (info.error instanceof ApiError && info.error.status === 404 && trace.error !== null) return <Unknown />;
  return (
    <Page
      title={call === undefined ? 'Call' : `${party(call.from)} → ${party(call.to)}`}
      about={<span className="mono">{sid}</span>}
      actions={
        <>
          <Link href="/recent" className="row">
            <ArrowLeft size={15} aria-hidden /> Recent calls
          </Link>
          <Button
            component="a"
            href={`${path}/Trace?format=pcap`}
            download
            variant="default"
            leftSection={<Download size={15} />}
          >
            pcap
          </Button>
        </>
      }
    >
      <ErrorNote fault={info.error} />
      <Summary call={call} legs={legs} events={events} />
      <ErrorNote fault={trace.error} />
      <Views call={call} events={events} loading={trace.isPending} path={path} legs={legs} />
    </Page>
  );
}
