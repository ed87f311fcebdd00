/** States of calls in words and colours, the same on every page. */

type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'violet' | '';

const tones: Readonly<Record<string, Tone>> = {
  trying: 'info',
  queued: 'info',
  ringing: 'warn',
  'early-media': 'violet',
  'in-progress': 'ok',
  answered: 'ok',
  completed: '',
  busy: 'bad',
  failed: 'bad',
  'no-answer': 'bad',
};

const words: Readonly<Record<string, string>> = {
  'in-progress': 'talking',
  'early-media': 'early media',
  'no-answer': 'no answer',
};

export function toneOf(state: string): Tone {
  return tones[state] ?? '';
}

export function StateMark({ state }: { readonly state: string }) {
  return <span className={`mark ${toneOf(state)}`}>{words[state] ?? state}</span>;
}

export function Mark({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span className={`mark ${tone}`} title={children.length > 30 ? children : undefined}>
      <span className="mark-text">{children}</span>
    </span>
  );
}
