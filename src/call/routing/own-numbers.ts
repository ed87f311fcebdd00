/** Whose number a callee is shown. Where account or carrier demands it, that is one of the account's own numbers, or what
 * a carrier told us of its caller (attack C5). */
import type { Carrier } from '../../ports/index.ts';
import type { ExtraHeader } from '../../sip/agent/index.ts';
import type { Services } from '../services.ts';
import { type Caller, isAnonymous } from './caller.ts';

/** Headers that would show another identity than the one that was checked. RFC 3325, RFC 5806. */
const identityHeaders = new Set([
  'p-asserted-identity',
  'p-preferred-identity',
  'remote-party-id',
  'diversion',
  'history-info',
]);

/** May this caller be shown to callees of this carrier? */
export function mayShow(services: Services, accountSid: string, carrier: Carrier, caller: Caller): boolean {
  if (!demanded(services, accountSid, carrier)) return true;
  const shown = caller.fromUser ?? caller.id;
  if (isAnonymous(caller.id)) return true;
  if (caller.vouched && caller.fromUser === undefined) return true;
  return services.directory.phoneNumber(accountSid, shown) !== undefined;
}

/** The caller without what an application may not say of him at this carrier. */
export function honest(services: Services, accountSid: string, carrier: Carrier, caller: Caller): Caller {
  if (!demanded(services, accountSid, carrier)) return caller;
  const headers = caller.headers.filter(([name]: ExtraHeader) => !identityHeaders.has(name.toLowerCase()));
  return { ...caller, headers };
}

function demanded({ directory }: Services, accountSid: string, carrier: Carrier): boolean {
  return carrier.ownNumbersOnly === true || directory.get('account', accountSid)?.ownNumbersOnly === true;
}
