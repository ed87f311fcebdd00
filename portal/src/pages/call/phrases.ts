/** Events of a call in few words. What has none here is shown as it is named. */
import type { TraceEvent } from '../../api/index.ts';

export type Phrase = { readonly label: string; readonly mark: string };

type Detail = Readonly<Record<string, unknown>>;

export function word(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

function joined(...parts: readonly unknown[]): string {
  return parts
    .map(word)
    .filter((part) => part !== '')
    .join(' · ');
}

function rounded(value: unknown, unit: string): string {
  return typeof value === 'number' ? `${Math.round(value * 100) / 100}${unit}` : '';
}

const phrases: Readonly<Record<string, (detail: Detail) => Phrase>> = {
  'session.started': (d) => ({ label: 'call begins', mark: joined(d['application']) }),
  'session.ending': (d) => ({ label: 'call ends', mark: joined(d['by'], d['reason']) }),
  'dial.target': (d) => ({ label: `rings ${word(d['type'])}`, mark: word(d['to']) }),
  'dial.moved': (d) => ({ label: `dial ${word(d['to'])}`, mark: `was ${word(d['from'])}` }),
  'dial.winner': (d) => ({ label: 'wins', mark: word(d['to']) }),
  'dial.ended': (d) => ({ label: `dial ${word(d['status'])}`, mark: joined(d['sipStatus'], d['end']) }),
  'verb.started': (d) => ({ label: `${word(d['verb'])} starts`, mark: '' }),
  'verb.finished': (d) => ({ label: `${word(d['verb'])} is done`, mark: '' }),
  'verb.skipped': (d) => ({ label: `${word(d['verb'])} skipped`, mark: word(d['why']) }),
  'media.bridged': (d) => ({ label: 'two-way audio', mark: joined(d['path'], codecs(d['codecs'])) }),
  'media.flowing': () => ({ label: 'audio arrives', mark: '' }),
  'media.silent': (d) => ({ label: 'no audio', mark: rounded(d['ms'], ' ms') }),
  'media.quality': (d) => ({
    label: `MOS ${rounded(d['mos'], '') || 'unknown'}`,
    mark: joined(rounded(d['packetsLostPercent'], ' % lost'), rounded(d['jitterMs'], ' ms jitter')),
  }),
  'caller.hears': (d) => ({ label: `hears ${word(d['sound'])}`, mark: '' }),
  'amd.found': (d) => ({ label: `heard: ${word(d['event'])}`, mark: word(d['reason']) }),
  'api.command': (d) => ({ label: 'REST', mark: word(d['command']) }),
  digit: (d) => ({ label: 'key pressed', mark: joined(d['source'], rounded(d['durationMs'], ' ms')) }),
};

function codecs(value: unknown): string {
  return Array.isArray(value) ? [...new Set(value.map(word))].join(' and ') : '';
}

/** Long values (figures by the second, envelopes) are for the detail, not for a line. */
function short(value: unknown): string {
  const text = word(value);
  return text.length > 60 ? '' : text;
}

export function phraseOf({ title, detail }: Pick<TraceEvent, 'title' | 'detail'>): Phrase {
  const phrase = phrases[title];
  if (phrase !== undefined) return phrase(detail);
  const { accountSid: _, sipStatus, sipReason, ...rest } = detail;
  const mark = joined([word(sipStatus), word(sipReason)].join(' ').trim(), ...Object.values(rest).map(short));
  return { label: title.startsWith('leg.') ? title.slice(4) : title, mark };
}
