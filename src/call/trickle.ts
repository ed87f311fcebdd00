/** Candidates that come one by one in SIP INFO. A full far end finds us itself, and may come from any place it proves with
 * the password of this call: its candidates are taken note of, and no more. One that is lite is looked for there too.
 * RFC 8838, RFC 8840. */
import type { InDialogRequest } from '../sip/agent/index.ts';
import { readFragment } from '../sdp/index.ts';
import type { Leg } from './leg.ts';
import { warning } from './reinvite.ts';

/** A browser sends some twenty in a call. */
const mostFragments = 100;
const fragments = new WeakMap<Leg, number>();

/** True when it was one, and is answered. */
export function takeTrickle(leg: Leg, request: InDialogRequest): boolean {
  if (request.method !== 'INFO') return false;
  const type = (request.request.headers.get('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/trickle-ice-sdpfrag') return false;
  const refuse = (status: number, why: string): true => {
    request.reply({ status, headers: [['Warning', warning(why)]] });
    return true;
  };
  const count = (fragments.get(leg) ?? 0) + 1;
  fragments.set(leg, count);
  if (count > mostFragments) return refuse(403, `more than ${mostFragments} fragments in one call`);
  const fragment = readFragment(request.request.body);
  if (typeof fragment === 'string') return refuse(400, fragment);
  const taken = leg.media?.negotiation.trickled(fragment);
  // RFC 6086 §7: the package is none of this session.
  if (taken === undefined) return refuse(469, 'no ICE was agreed on in this call');
  if (taken === 'unknown') return refuse(400, 'a=ice-ufrag or a=ice-pwd is not of this session');
  request.reply({ status: 200 });
  leg.note('media.candidates', { candidates: fragment.candidates.length, end: fragment.ends });
  if (taken !== 'known') void leg.media?.configure(taken, leg.remoteHost);
  return true;
}
