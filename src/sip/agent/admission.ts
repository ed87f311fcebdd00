/** The ladder of refusals a request outside a dialog climbs, in the order of RFC 3261 §8.2 (and §16.3 for hops). */
import { header, type SipRequest } from '../message/index.ts';
import { type ExtraHeader, sdpOf } from '../dialog/index.ts';

export type Refusal = { readonly status: number; readonly reason?: string; readonly headers?: readonly ExtraHeader[] };

/** Option tags we understand in Require. RFC 3262, 4028, 5626, 3327, 3891, 4488. */
const understood: ReadonlySet<string> = new Set([
  '100rel',
  'timer',
  'outbound',
  'path',
  'replaces',
  'norefersub',
  'trickle-ice',
]);

/** Methods that only mean something inside a dialog. */
const inDialogOnly: ReadonlySet<string> = new Set(['BYE', 'PRACK', 'UPDATE', 'INFO']);

export type Admission = {
  /** Value of our Allow. */
  readonly allow: string;
  readonly methods: ReadonlySet<string>;
  /** Every branch of ours begins so: a request that carries one has come back. */
  readonly ownBranch: string;
};

/** The first rule a request breaks; undefined when it may go on. */
export function refuse(request: SipRequest, admission: Admission): Refusal | undefined {
  if (!admission.methods.has(request.method)) {
    return { status: 405, headers: [['Allow', admission.allow]] };
  }
  if (inDialogOnly.has(request.method)) return { status: 481 };
  return refuseAddress(request) ?? refuseRoute(request, admission) ?? refuseNeeds(request);
}

function refuseAddress(request: SipRequest): Refusal | undefined {
  // That it is a URI the parser has seen.
  return /^(?:sips?|tel):/i.test(request.uri) ? undefined : { status: 416 };
}

function refuseRoute(request: SipRequest, { ownBranch }: Admission): Refusal | undefined {
  // OPTIONS with no hop left is how a proxy looks at its neighbour: we are where it wanted to get. §11.
  if (request.method !== 'OPTIONS' && request.headers.get(header.maxForwards)?.trim() === '0') return { status: 483 };
  for (const via of request.headers.all(header.via)) if (via.includes(ownBranch)) return { status: 482 };
  return undefined;
}

function refuseNeeds(request: SipRequest): Refusal | undefined {
  const unknown = request.headers.all(header.require).filter((option) => !understood.has(option.toLowerCase()));
  if (unknown.length > 0) return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
  // RFC 3891 §3: it means something in an INVITE only.
  if (request.method !== 'INVITE') return request.headers.has(header.replaces) ? { status: 400 } : undefined;
  // Our answer is a session description or none. §13.2.1, §20.1.
  if (!acceptsSdp(request)) return { status: 406 };
  if (request.body.length === 0) return undefined;
  const encoding = request.headers.get('Content-Encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { status: 415, headers: [['Accept-Encoding', 'identity']] };
  }
  if (request.headers.has(header.contentType) && sdpOf(request) !== undefined) return undefined;
  const handling = request.headers.get('Content-Disposition')?.toLowerCase() ?? '';
  if (handling.includes('handling=optional')) return undefined;
  return { status: 415, headers: [['Accept', 'application/sdp']] };
}

/** §20.1: without Accept it is application/sdp that is accepted. */
function acceptsSdp({ headers }: SipRequest): boolean {
  if (!headers.has(header.accept)) return true;
  return headers.all(header.accept).some((range) => {
    const type = range.split(';', 1)[0]?.trim().toLowerCase();
    return type === 'application/sdp' || type === 'application/*' || type === '*/*';
  });
}
