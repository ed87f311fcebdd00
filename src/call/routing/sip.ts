/** A SIP URI target: sent as given, with its own credentials and proxy. */
import type { SrtpPolicy } from '../../sdp/index.ts';
import type { Credentials, ExtraHeader } from '../../sip/agent/index.ts';
import { parseUri, type SipUri } from '../../sip/message/index.ts';
import type { Plan } from '../plan.ts';
import { type Replaces, replacesValue } from '../replaces.ts';
import type { Services } from '../services.ts';
import { type Caller, fromOf, headersOf } from './caller.ts';

export type SipTarget = {
  readonly sipUri: string;
  readonly auth: Credentials | undefined;
  readonly proxy: string | undefined;
  /** The dialog there that this call takes the place of (an attended transfer). */
  readonly replaces?: Replaces;
  readonly srtp?: SrtpPolicy;
  /** Keys by DTLS (RFC 5763), and nothing else. */
  readonly dtls?: boolean;
};

/** Whether a target names the same place as a URI, whatever headers and parameters either has. */
export function isUri(target: string, uri: SipUri): boolean {
  const named = parseUri(/^(sips?|tel):/i.test(target) ? target : `sip:${target}`);
  return (
    named !== undefined &&
    (named.user ?? '') === (uri.user ?? '') &&
    named.host.toLowerCase() === uri.host.toLowerCase() &&
    (named.port ?? 5060) === (uri.port ?? 5060)
  );
}

export function planSip(services: Services, target: SipTarget, caller: Caller): Plan {
  const { replaces } = target;
  // Nobody vouches for an arbitrary URI: it gets no identity its owner wants kept.
  const headers = headersOf(caller, false);
  const uri = /^sips?:/i.test(target.sipUri) ? target.sipUri : `sip:${target.sipUri}`;
  const proxy = target.proxy === undefined || /^sips?:/i.test(target.proxy) ? target.proxy : `sip:${target.proxy}`;
  return {
    mode: 'failover',
    trunk: 'sip',
    branches: [
      {
        uri,
        from: fromOf(caller, services.settings.sipAddress),
        web: target.dtls === true ? 'only' : /;transport=wss?(;|>|$)/i.test(uri),
        headers: replaces === undefined ? headers : [...headers, ...replacing(replaces)],
        ...(target.srtp === undefined ? {} : { srtp: target.srtp }),
        ...(proxy === undefined ? {} : { route: proxy.includes(';lr') ? proxy : `${proxy};lr` }),
        ...(target.auth === undefined ? {} : { credentials: target.auth }),
      },
    ],
  };
}

/** A phone that does not know Replaces would ring a second line: it is to say 420 instead. RFC 3891 §5. */
function replacing(replaces: Replaces): readonly ExtraHeader[] {
  return [
    ['Replaces', replacesValue(replaces)],
    ['Require', 'replaces'],
  ];
}
