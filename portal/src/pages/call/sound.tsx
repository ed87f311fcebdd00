/** What was heard: the recording, and the sound that answer detection judged by. */
import { Button } from '@mantine/core';
import { AudioLines, Download } from 'lucide-react';
import type { TraceEvent } from '../../api/index.ts';
import { Empty } from '../../parts/index.ts';
import { type Amd, amdOf } from './amd-model.ts';

const width = 900;
const height = 120;
const floorDb = -60;

/** The path of a recording that this server serves, whatever name the server goes by in the URL; else undefined. */
function pathOf(url: string): string | undefined {
  if (!URL.canParse(url, location.origin)) return undefined;
  const { pathname } = new URL(url, location.origin);
  return pathname.startsWith('/v1/') ? pathname : undefined;
}

/** Only what this server itself serves is played: the policy of the page allows nothing else, and a URL is a stranger's. */
function Recording({ url }: { readonly url: string }) {
  const path = pathOf(url);
  return (
    <section className="stack">
      <h2>Recording</h2>
      {path !== undefined ? (
        <div className="row">
          <audio controls preload="metadata" src={path} aria-label="Recording of the call" className="grow" />
          <Button component="a" href={path} download variant="default" leftSection={<Download size={15} />}>
            WAV
          </Button>
        </div>
      ) : (
        <p>
          It is kept on the server: <code>{url}</code>
        </p>
      )}
    </section>
  );
}

function Waveform({ amd }: { readonly amd: Amd }) {
  const last = Math.max(amd.levels.length * amd.stepMs, ...amd.events.map(({ atMs }) => atMs), 1);
  const x = (ms: number) => (ms / last) * width;
  const bars = amd.levels.map((db, n) => {
    const half = (Math.max(0, 1 - db / floorDb) * height) / 2;
    return `M${x((n + 0.5) * amd.stepMs).toFixed(1)} ${(height / 2 - half).toFixed(1)}V${(height / 2 + half).toFixed(1)}`;
  });
  return (
    <section className="stack">
      <h2>Person or machine, leg {amd.leg}</h2>
      {amd.levels.length === 0 ? null : (
        <div className="wave">
          <svg
            viewBox={`0 0 ${width} ${height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label="Level of what was heard"
          >
            <path className="wave-bars" d={bars.join('')} />
            {amd.events.map(({ atMs, type }, n) => (
              <line key={n} className={`wave-event ${type}`} x1={x(atMs)} x2={x(atMs)} y1="0" y2={height} />
            ))}
          </svg>
        </div>
      )}
      <ol className="verdicts">
        {amd.events.map(({ atMs, type, verdict, why }, n) => (
          <li key={n}>
            <span className="number event-time">{(atMs / 1000).toFixed(2)} s</span> <b>{verdict || type}</b>{' '}
            <span className="dim">
              {verdict === '' ? '' : type} {why}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Sound({
  events,
  recording,
}: {
  readonly events: readonly TraceEvent[];
  readonly recording: string | null;
}) {
  const amds = amdOf(events);
  if (recording === null && amds.length === 0) {
    return (
      <Empty icon={<AudioLines size={28} strokeWidth={1.6} aria-hidden />} title="No sound was kept">
        Switch recording on in the application, or ask for `amd` in a dial to see who answered.
      </Empty>
    );
  }
  return (
    <div className="panel-body stack">
      {recording === null ? null : <Recording url={recording} />}
      {amds.map((amd) => (
        <Waveform key={amd.leg} amd={amd} />
      ))}
    </div>
  );
}
