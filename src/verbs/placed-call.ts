/** A call that REST places obeys the rules of a dial with one target: the same numbers, caller ids and headers. */
import { canonicalNumber, describeFaults, dialFaults, type DialVerb, parseApplication } from './schema/schema.ts';

export type PlacedCall = {
  readonly from: string;
  readonly to: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly callerName?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
};

/** One sentence a fault, each beginning with the field; empty when the call may be placed. */
export function placedCallFaults({ from, to, callerName, headers }: PlacedCall): string[] {
  const dial = {
    verb: 'dial',
    target: [to],
    callerId: from,
    ...(callerName === undefined ? {} : { callerName }),
    ...(headers === undefined ? {} : { headers }),
  };
  const parsed = parseApplication([dial]);
  if (!parsed.ok) return parsed.faults.map((fault) => renamed(describeFaults([fault])));
  return dialFaults(parsed.verbs[0] as DialVerb).map(renamed);
}

/** The number without the separators people write; a leading `+` is kept. */
export function dialledNumber(number: string): string {
  return `${number.startsWith('+') ? '+' : ''}${canonicalNumber(number) ?? number}`;
}

/** In the words of the REST body. */
function renamed(fault: string): string {
  return fault
    .replace(/^\[0\]\./, '')
    .replace(/^target\[0\]\.?/, 'to.')
    .replace(/^callerId/, 'from');
}
