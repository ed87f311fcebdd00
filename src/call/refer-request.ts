/** What a REFER asks for. RFC 3515 §2.1, RFC 3891 (Replaces), RFC 3892 (Referred-By), RFC 4488 (Refer-Sub). */
import type { InDialogRequest } from '../sip/agent/index.ts';
import { parseNameAddr, type SipRequest, type SipUri, unescapeUri } from '../sip/message/index.ts';
import { readReplaces, type Replaces } from './replaces.ts';

export type ReferRequest = {
  /** The header as it came. */
  readonly referTo: string;
  readonly uri: SipUri;
  /** User part, or the number of a tel URI. */
  readonly user: string;
  readonly replaces: Replaces | undefined;
  readonly referredBy: string | undefined;
  readonly referredByUser: string | undefined;
  readonly userAgent: string | undefined;
  /** X-… headers in snake_case. */
  readonly custom: Readonly<Record<string, string>>;
  /** False: the referrer wants no NOTIFY. */
  readonly subscribes: boolean;
  readonly cseq: number;
};

export type ReferRead =
  | { readonly ok: true; readonly refer: ReferRequest }
  | { readonly ok: false; readonly fault: string };

export function readRefer({ request }: InDialogRequest): ReferRead {
  const targets = request.headers.all('Refer-To');
  const [referTo] = targets;
  if (referTo === undefined || targets.length > 1) return { ok: false, fault: 'expected exactly one Refer-To header' };
  const uri = parseNameAddr(bracketed(referTo))?.uri;
  if (uri === undefined || uri.scheme === 'other') return { ok: false, fault: 'Refer-To is not a SIP or tel URI' };
  const replaces = replacesOf(uri);
  if (replaces === 'unreadable') return { ok: false, fault: 'the Replaces in Refer-To is not readable' };
  const referredBy = request.headers.get('Referred-By');
  return {
    ok: true,
    refer: {
      referTo,
      uri,
      user: uri.user ?? '',
      replaces,
      referredBy,
      referredByUser: referredBy === undefined ? undefined : parseNameAddr(referredBy)?.uri.user,
      userAgent: request.headers.get('User-Agent'),
      custom: customHeaders(request),
      subscribes: (request.headers.get('Refer-Sub') ?? 'true').trim().toLowerCase() !== 'false',
      cseq: request.cseq.number,
    },
  };
}

/** Some phones (baresip 1.0) leave out the brackets that a URI with headers must have. RFC 3261 §20. */
function bracketed(value: string): string {
  return /^[^<>"\s]+\?[^<>"\s]+$/.test(value) ? `<${value}>` : value;
}

/** The Replaces among the header parts of the URI: `?Replaces=call-id%3Bto-tag%3Dx%3Bfrom-tag%3Dy`. */
function replacesOf(uri: SipUri): Replaces | undefined | 'unreadable' {
  const parts = (uri.headers ?? '').split('&');
  const [part, second] = parts.filter((each) => each.slice(0, 9).toLowerCase() === 'replaces=');
  if (part === undefined) return undefined;
  if (second !== undefined) return 'unreadable';
  return readReplaces(unescapeUri(part.slice(9)) ?? '') ?? 'unreadable';
}

/** Most of a REFER's own headers that a hook is told. */
const MAX_CUSTOM = 32;

function customHeaders({ headers }: SipRequest): Record<string, string> {
  const custom: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of headers.entries()) {
    if (!/^x-[a-z0-9-]{1,60}$/i.test(name) || ++count > MAX_CUSTOM) continue;
    custom[name.toLowerCase().replaceAll('-', '_')] = value;
  }
  return custom;
}

/** What the hook is told, reference.md 1.14. */
export function referDetails(refer: ReferRequest): Record<string, unknown> {
  return {
    sip_refer_to: refer.referTo,
    refer_to_user: refer.user,
    ...(refer.referredBy === undefined ? {} : { sip_referred_by: refer.referredBy }),
    ...(refer.referredByUser === undefined ? {} : { referred_by_user: refer.referredByUser }),
    ...(refer.userAgent === undefined ? {} : { sip_user_agent: refer.userAgent }),
    ...refer.custom,
  };
}
