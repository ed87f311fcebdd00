/** What was heard: the recording, and the sound that answer detection judged by. */
import { Button } from '@mantine/core';
import { AudioLines, Download } from 'lucide-react';
import type { TraceEvent } from '../../api/index.ts';
import { Empty, figure } from '../../parts/index.ts';
import { type Amd, amdOf, isVerdict } from './amd-model.ts';

const width = 1000;
const height = 120;
/** What is as quiet as this has no height. */
const quietest = 70;

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

const toneOfFinding: Readonly<Record<string, string>> = {
  human: 'ok',
  machine: 'bad',
  fax: 'bad',
  sit: 'bad',
  tone: 'violet',
};

const titles: Readonly<Record<string, string>> = {
  human: 'a person',
  machine: 'a machine',
  unknown: 'undecided',
  'no-speech': 'nobody spoke',
  tone: 'beep',
  'greeting-end': 'greeting over',
  fax: 'fax',
  sit: 'special tones',
};

/** Bars of loudness from the answer on; a line where something was found, the verdict in words on it. */
function Waveform({ amd }: { readonly amd: Amd }) {
  const last = Math.max(amd.levels.length * amd.stepMs, ...amd.findings.map(({ atMs }) => atMs), 1);
  const part = (ms: number) => ms / last;
  const bars = Array.from(amd.levels, (level, n) => {
    const half = (Math.max(0, 1 - (level ?? quietest) / quietest) * height) / 2 + 0.5;
    const x = (part((n + 0.5) * amd.stepMs) * width).toFixed(1);
    return `M${x} ${(height / 2 - half).toFixed(1)}V${(height / 2 + half).toFixed(1)}`;
  });
  const marked = amd.findings.filter(({ event }) => event in titles);
  return (
    <section className="stack">
      <h2>Person or machine, leg {amd.leg}</h2>
      {amd.levels.length === 0 ? null : (
        <div className="wave">
          <svg
            viewBox={`0 0 ${width} ${height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label="How loud the callee was, from the answer to the verdict"
          >
            <path className="wave-bars" d={bars.join('')} />
          </svg>
          {marked.map((finding, n) => (
            <span
              key={n}
              className={`wave-mark ${toneOfFinding[finding.event] ?? 'warn'} ${part(finding.atMs) > 0.7 ? 'left' : ''}`}
              style={{ left: `${part(finding.atMs) * 100}%`, paddingTop: 2 + (n % 3) * 16 }}
            >
              <span className="wave-word">
                {isVerdict(finding) ? <b>{titles[finding.event]}</b> : titles[finding.event]}
              </span>
            </span>
          ))}
        </div>
      )}
      <ol className="verdicts">
        {amd.findings.map((finding, n) => (
          <li key={n}>
            <span className="number event-time">{(finding.atMs / 1000).toFixed(2)} s</span>{' '}
            <b>{titles[finding.event] ?? finding.event}</b>{' '}
            <span className="dim">
              {finding.reason}
              {finding.confidence === undefined ? '' : `, confidence ${figure(finding.confidence, '', 2)}`}
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
        Switch recording on in the application, or ask for amd in a dial to see who answered.
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
