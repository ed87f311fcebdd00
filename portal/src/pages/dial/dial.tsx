/** The dial builder: a form and its JSON, both of which may be written in, with the server's faults at their fields. */
import { Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Detail } from '../../api/index.ts';
import { Copy, Mark, Page, sentence } from '../../parts/index.ts';
import { useMayWrite } from '../../shell/index.ts';
import { changed, type Dial, dialOf, type Document, first, placeOf, read, textOf, withDial } from './document.ts';
import { useFaults } from './faults.ts';
import { Options } from './options.tsx';
import type { Schema } from './schema.ts';
import { Targets } from './targets.tsx';
import { TestCall } from './test-call.tsx';
import './dial.css';

type Edited = { readonly text: string; readonly document: Document | undefined; readonly why: string };

const kept = 'graine.dial';

function start(): Edited {
  const text = sessionStorage.getItem(kept) ?? textOf(first);
  const result = read(text);
  return result.ok ? { text, document: result.document, why: '' } : { text, document: undefined, why: result.why };
}

function useEdited() {
  const [edited, setEdited] = useState<Edited>(start);
  const set = (next: Edited) => {
    sessionStorage.setItem(kept, next.text);
    setEdited(next);
  };
  return {
    edited,
    write: (text: string) => {
      const result = read(text);
      set(result.ok ? { text, document: result.document, why: '' } : { text, document: undefined, why: result.why });
    },
    change: (document: Document) => set({ text: textOf(document), document, why: '' }),
  };
}

function Json(props: {
  readonly edited: Edited;
  readonly faults: readonly Detail[];
  readonly asked: boolean;
  readonly onWrite: (text: string) => void;
}) {
  const { edited, faults, asked, onWrite } = props;
  const fine = edited.why === '' && asked && faults.length === 0;
  return (
    <section className="panel">
      <div className="panel-head">
        <h2 className="grow">JSON</h2>
        {fine ? <Mark tone="ok">would run</Mark> : null}
        {faults.length > 0 ? <Mark tone="bad">{`${faults.length} to mend`}</Mark> : null}
        <Copy text={edited.text} what="JSON" />
      </div>
      <div className="panel-body stack">
        <Textarea
          aria-label="JSON of the dial"
          classNames={{ input: 'json-input' }}
          rows={18}
          spellCheck={false}
          value={edited.text}
          error={edited.why === '' ? undefined : `This is no JSON yet: ${edited.why}`}
          onChange={(event) => onWrite(event.currentTarget.value)}
        />
        {faults.length === 0 ? null : (
          <ul className="faults" aria-live="polite">
            {faults.map((each) => (
              <li key={`${each.path} ${each.expected}`}>
                <code>{each.path || 'document'}</code> must be {sentence(each)}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

export default function DialBuilder() {
  const { edited, write, change } = useEdited();
  const { data: schemas } = useQuery({
    queryKey: ['verbs'],
    queryFn: () => api.get<Record<string, Schema>>('/v1/Verbs'),
    staleTime: Infinity,
  });
  const { faults, asked } = useFaults(edited.document);
  const mayWrite = useMayWrite();
  const { document } = edited;
  const dial = document === undefined ? undefined : dialOf(document);
  const root = document === undefined ? '' : `/${placeOf(document)}`;
  const faultOf = (path: string): string | undefined => {
    const fault = faults.find((each) => each.path === `${root}${path}`);
    return fault === undefined ? undefined : `Must be ${sentence(fault)}`;
  };
  const set = (next: Dial) => document !== undefined && change(withDial(document, next));
  return (
    <Page title="Dial builder" about="Put a dial together by form or by JSON, check it, and try it on a real call.">
      <div className="builder">
        <div className="stack">
          <section className="panel panel-body stack">
            {dial === undefined ? (
              <p className="dim">
                {document === undefined
                  ? 'The form comes back when the JSON is whole.'
                  : 'There is no dial in this document; add {"verb": "dial", "target": []} to it.'}
              </p>
            ) : (
              <>
                <Targets
                  targets={dial.target}
                  faultOf={faultOf}
                  onChange={(target) => set(changed(dial, { target }))}
                />
                <Options dial={dial} schema={schemas?.['dial']} faultOf={faultOf} onChange={set} />
              </>
            )}
          </section>
        </div>
        <div className="stack">
          <Json edited={edited} faults={edited.why === '' ? faults : []} asked={asked} onWrite={write} />
          {mayWrite ? <TestCall document={document} /> : null}
        </div>
      </div>
    </Page>
  );
}
