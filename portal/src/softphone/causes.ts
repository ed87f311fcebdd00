/** Why a call is over, in words. */
const statuses: Readonly<Record<number, string>> = {
  403: 'not allowed',
  404: 'nobody is there by that name',
  408: 'no answer',
  480: 'not reachable now',
  486: 'busy',
  487: 'cancelled',
  488: 'no sound in common',
  500: 'the server failed',
  503: 'no way there now',
  600: 'busy',
  603: 'declined',
};

export function wordsOf(status: number | undefined, otherwise: string): string {
  if (status === undefined) return otherwise.toLowerCase();
  return `${statuses[status] ?? otherwise.toLowerCase()} (${status})`;
}

export type Ending = {
  readonly originator: string;
  readonly cause: string;
  readonly status: number | undefined;
};

export function endingOf({ originator, cause, status }: Ending, peer: string): string {
  if (status !== undefined && status >= 300) return `${peer}: ${wordsOf(status, cause)}`;
  if (cause === 'Canceled') return originator === 'local' ? `You gave up calling ${peer}` : `Missed call of ${peer}`;
  if (cause === 'Rejected') return `You declined ${peer}`;
  if (cause === 'Terminated') return originator === 'local' ? `The call with ${peer} is over` : `${peer} hung up`;
  return `The call with ${peer} is over: ${cause.toLowerCase()}`;
}
