/** One event in full: headers and body of a SIP message, request and answer of a hook, figures of the rest. All of it is
 * text from strangers, and is shown as text. */
import { ActionIcon } from '@mantine/core';
import { X } from 'lucide-react';
import type { TraceEvent } from '../../api/index.ts';
import { Copy, figure, pretty, when } from '../../parts/index.ts';

type Header = { readonly name: string; readonly value: string };

function parse(raw: string): { readonly start: string; readonly headers: readonly Header[]; readonly body: string } {
  const end = /\r?\n\r?\n/.exec(raw);
  const head = end === null ? raw : raw.slice(0, end.index);
  const [start = '', ...lines] = head.split(/\r?\n/);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
  });
  return { start, headers, body: end === null ? '' : raw.slice(end.index + end[0].length) };
}

function Block({ title, text }: { readonly title: string; readonly text: string }) {
  if (text.trim() === '') return null;
  return (
    <section className="block">
      <div className="row">
        <strong className="grow">{title}</strong>
        <Copy text={text} what={title} />
      </div>
      <pre tabIndex={0} aria-label={title}>
        {text}
      </pre>
    </section>
  );
}

function Sip({ event }: { readonly event: TraceEvent }) {
  const raw = String(event.detail['raw'] ?? '');
  const { start, headers, body } = parse(raw);
  return (
    <>
      <div className="row">
        <code className="grow start-line">{start}</code>
        <Copy text={raw} what="message" />
      </div>
      <table className="headers" aria-label="Headers">
        <tbody>
          {headers.map(({ name, value }, n) => (
            <tr key={n}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Block title="Body" text={body} />
    </>
  );
}

export function HookBodies({ event }: { readonly event: TraceEvent }) {
  const { request, response, ...rest } = event.detail;
  return (
    <>
      <dl className="facts">
        {Object.entries(rest).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="mono">{typeof value === 'number' ? figure(value) : pretty(value) || '–'}</dd>
          </div>
        ))}
      </dl>
      <Block title="Request" text={pretty(request)} />
      <Block title="Answer" text={pretty(response)} />
    </>
  );
}

export function EventBody({ event }: { readonly event: TraceEvent }) {
  if (event.kind === 'sip') return <Sip event={event} />;
  if (event.kind === 'hook') return <HookBodies event={event} />;
  return <Block title="Detail" text={pretty(event.detail)} />;
}

export function EventDetail({ event, onClose }: { readonly event: TraceEvent; readonly onClose?: () => void }) {
  return (
    <div className="stack">
      <div className="row">
        <div className="grow">
          <h2>{event.title}</h2>
          <span className="dim number">
            {when(event.time)} · +{Math.round(event.offset_ms)} ms{event.leg === null ? '' : ` · leg ${event.leg}`}
          </span>
        </div>
        {onClose === undefined ? null : (
          <ActionIcon variant="subtle" aria-label="Close the detail" onClick={onClose}>
            <X size={16} />
          </ActionIcon>
        )}
      </div>
      <EventBody event={event} />
    </div>
  );
}
