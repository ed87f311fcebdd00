/** A device that registers over several flows at once. RFC 5626 §6. */
import { supports } from '../dialog/index.ts';
import { type NameAddr, parseNameAddr, type SipRequest } from '../message/index.ts';
import type { Source } from '../transaction/index.ts';
import { originOf } from '../transport/index.ts';

/** `refused`: a proxy before us cannot do it (439). `none`: nobody asked, or we cannot. */
export type Outbound = 'flows' | 'none' | 'refused';

/** Seconds within which the device shows that it is there: a NAT forgets UDP in half a minute. §4.4, §11.5. */
const flowTimers = { udp: 30, others: 120 } as const;

/** Does whoever the device speaks to keep its flows? */
export function outboundOf(request: SipRequest, source: Source): Outbound {
  if (!supports(request, 'outbound')) return 'none';
  const vias = request.headers.all('Via').length;
  const first = request.headers.all('Path').at(-1);
  if (first !== undefined && parseNameAddr(first)?.uri.params.has('ob') === true) return 'flows';
  // Nothing is between the device and us, or an edge of ours whose files are of an earlier version.
  const own = source.origin === undefined ? first === undefined && vias === 1 : vias === 2;
  if (!own) return 'refused';
  // Over UDP that takes STUN (§4.4.2), which is not spoken here.
  return originOf(source).transport === 'udp' ? 'none' : 'flows';
}

/** The flow that a Contact names. */
export function regIdOf({ params }: NameAddr): number | undefined {
  const text = params.get('reg-id');
  const id = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return id > 0 && id < 2 ** 31 ? id : undefined;
}

export function flowTimer(source: Source): number {
  return originOf(source).transport === 'udp' ? flowTimers.udp : flowTimers.others;
}
