/** The events of a call in plain words, for the ladder page. What has no phrase here is shown as it is. */
import type { StoredCall } from './events.ts';

/** What happened, and the small print. */
export type Phrase = { readonly label: string; readonly mark: string };

type Detail = Readonly<Record<string, unknown>>;

function word(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

function joined(...parts: unknown[]): string {
  return parts
    .map(word)
    .filter((part) => part !== '')
    .join(' · ');
}

function rounded(value: unknown, unit: string): string {
  return typeof value === 'number' ? `${Math.round(value * 100) / 100}${unit}` : '';
}

function codecs(value: unknown): string {
  return Array.isArray(value) ? [...new Set(value.map(word))].join(' and ') : '';
}

const phrases: Readonly<Record<string, (detail: Detail) => Phrase>> = {
  'session.started': ({ application }) => ({
    label: 'call begins',
    mark: application ? `application ${word(application)}` : '',
  }),
  'session.ending': ({ by, reason }) => ({ label: 'call ends', mark: `${word(by)}: ${word(reason)}` }),
  'dial.target': ({ type, to }) => ({ label: `rings ${word(type)}`, mark: word(to) }),
  'dial.moved': ({ from, to }) => ({ label: `dial ${word(to)}`, mark: `was ${word(from)}` }),
  'dial.winner': ({ to }) => ({ label: '★ wins', mark: word(to) }),
  'dial.ended': ({ status, end, sipStatus }) => ({
    label: `dial ${word(status)}`,
    mark: joined(sipStatus, end && `by ${word(end)}`),
  }),
  'verb.started': ({ verb }) => ({ label: `${word(verb)} starts`, mark: '' }),
  'verb.finished': ({ verb }) => ({ label: `${word(verb)} is done`, mark: '' }),
  'verb.skipped': ({ verb, why }) => ({ label: `${word(verb)} skipped`, mark: word(why) }),
  'media.bridged': ({ path, codecs: used }) => ({ label: 'two-way audio', mark: joined(path, codecs(used)) }),
  'media.encrypted': ({ suite, keysExchanged }) => ({
    label: 'SRTP',
    mark: joined(suite, `keys ${word(keysExchanged)}`),
  }),
  'media.clear': () => ({ label: 'audio in the clear', mark: '' }),
  'media.srtp-refused': ({ status, reason }) => ({ label: 'no SRTP there', mark: joined(status, reason) }),
  'media.flowing': () => ({ label: 'audio arrives', mark: '' }),
  'media.silent': ({ ms }) => ({ label: 'no audio', mark: `for ${word(ms)} ms` }),
  'media.quality': ({ mos, packetsLostPercent, jitterMs, roundTripMs }) => ({
    label: `MOS ${rounded(mos, '') || 'unknown'}`,
    mark: joined(
      rounded(packetsLostPercent, ' % lost'),
      rounded(jitterMs, ' ms jitter'),
      rounded(roundTripMs, ' ms round trip'),
    ),
  }),
  'caller.hears': ({ sound }) => ({ label: `hears ${word(sound)}`, mark: '' }),
  'listen.started': ({ url, source, rate }) => ({
    label: 'a listener',
    mark: joined(url, source, rounded(rate, ' Hz')),
  }),
  'listen.connected': ({ connection }) => ({ label: 'listener hears', mark: connection === 1 ? '' : 'again' }),
  'listen.interrupted': ({ why, retryMs }) => ({
    label: 'listener is away',
    mark: joined(why, rounded(retryMs, ' ms')),
  }),
  'listen.dropping': ({ droppedMs }) => ({ label: 'listener too slow', mark: rounded(droppedMs, ' ms lost') }),
  'listen.refused': ({ why }) => ({ label: 'from the listener', mark: word(why) }),
  'listen.ended': ({ end, why, droppedMs }) => ({
    label: `listener ${word(end)}`,
    mark: joined(why, droppedMs ? rounded(droppedMs, ' ms lost') : ''),
  }),
  'whisper.started': () => ({ label: 'whisper', mark: '' }),
  'whisper.ended': () => ({ label: 'whisper is over', mark: '' }),
  'leg.failover': ({ status, reason }) => ({ label: 'next gateway', mark: joined(status, reason) }),
  'api.command': ({ command }) => ({ label: 'REST', mark: word(command) }),
  digit: ({ source, durationMs }) => ({ label: 'key pressed', mark: joined(source, rounded(durationMs, ' ms')) }),
};

export function phraseOf(event: StoredCall): Phrase {
  const { what, detail } = event;
  const phrase = phrases[what];
  if (phrase !== undefined) return phrase(detail);
  // leg.ringing, leg.busy …: the state, and the response that made it.
  if (what.startsWith('leg.')) {
    const { sipStatus, sipReason, ...rest } = detail;
    return {
      label: what.slice(4),
      mark: joined([sipStatus, sipReason].map(word).join(' ').trim(), ...Object.values(rest)),
    };
  }
  const pairs = Object.entries(detail).filter(([name, value]) => word(value) !== '' && name !== 'accountSid');
  return { label: what, mark: pairs.map(([name, value]) => `${name} ${word(value)}`).join(' · ') };
}
