/** A call that REST places obeys the rules of a dial with one target: the same numbers, caller ids and headers. */
import { canonicalNumber, type DialFault, dialFaults, type DialVerb, parseApplication } from './schema/schema.ts';

export type PlacedCall = {
  readonly from: string;
  readonly to: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly callerName?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
};

/** Each rule the call breaks, where it is in the body of the REST request; empty when the call may be placed. */
export function placedCallFaults({ from, to, callerName, headers }: PlacedCall): DialFault[] {
  const dial = {
    verb: 'dial',
    target: [to],
    callerId: from,
    ...(callerName === undefined ? {} : { callerName }),
    ...(headers === undefined ? {} : { headers }),
  };
  const parsed = parseApplication([dial]);
  if (!parsed.ok) return parsed.faults.map((fault) => renamed({ ...fault, at: membersOf(fault.path).slice(1) }));
  return dialFaults(parsed.verbs[0] as DialVerb).map(renamed);
}

/** The number without the separators people write; a leading `+` is kept. */
export function dialledNumber(number: string): string {
  return `${number.startsWith('+') ? '+' : ''}${canonicalNumber(number) ?? number}`;
}

/** `[0].target[0].number` → its members. */
function membersOf(path: string): (string | number)[] {
  const members = path.split(/[.[\]"]+/).filter((each) => each !== '');
  return members.map((each) => (/^\d+$/.test(each) ? Number(each) : each));
}

/** In the words of the REST body. */
function renamed({ at, expected, got }: DialFault): DialFault {
  const [first, ...rest] = at;
  if (first === 'target') return { at: ['to', ...rest.slice(1)], expected, got };
  return { at: first === 'callerId' ? ['from', ...rest] : at, expected, got };
}
