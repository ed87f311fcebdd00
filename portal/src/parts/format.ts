/** Times, lengths and figures as people read them. */

const day = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: '2-digit' });
const time = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});

export function msOf(value: string | number | null | undefined): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const ms = typeof value === 'number' ? value : Date.parse(value);
  return Number.isFinite(ms) ? ms : undefined;
}

/** The time alone where it is of today, else with the day. */
export function when(value: string | number | null | undefined): string {
  const ms = msOf(value);
  if (ms === undefined) return '–';
  const today = day.format(Date.now());
  return day.format(ms) === today ? time.format(ms) : `${day.format(ms)} ${time.format(ms)}`;
}

/** 0:07, 12:30, 1:02:03. */
export function lasted(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const ss = String(s).padStart(2, '0');
  return h === 0 ? `${m}:${ss}` : `${h}:${String(m).padStart(2, '0')}:${ss}`;
}

export function figure(value: number | null | undefined, unit = '', digits = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return `${Number(value.toFixed(digits))}${unit}`;
}

/** `486 Busy Here`, also where the reason begins with the status. */
export function outcome(status: number, reason: string | null | undefined): string {
  const text = (reason ?? '').trim();
  return text.startsWith(`${status}`) ? text : `${status} ${text}`.trim();
}

export function pretty(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** `sip:bob@host;tag=1` → `bob@host`: what a person calls it. */
export function party(uri: string | null | undefined): string {
  if (uri === null || uri === undefined || uri === '') return 'unknown';
  return uri.replace(/^<?sips?:/i, '').replace(/[;>].*$/, '');
}
