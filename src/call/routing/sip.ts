/** A SIP URI target: sent as given, with its own credentials and proxy. */
import type { SrtpPolicy } from '../../sdp/index.ts';
import type { Credentials } from '../../sip/agent/index.ts';
import type { Plan } from '../plan.ts';
import type { Services } from '../services.ts';
import { type Caller, fromOf, headersOf } from './caller.ts';

export type SipTarget = {
  readonly sipUri: string;
  readonly auth: Credentials | undefined;
  readonly proxy: string | undefined;
  readonly srtp?: SrtpPolicy;
};

export function planSip(services: Services, target: SipTarget, caller: Caller): Plan {
  const uri = /^sips?:/i.test(target.sipUri) ? target.sipUri : `sip:${target.sipUri}`;
  const proxy = target.proxy === undefined || /^sips?:/i.test(target.proxy) ? target.proxy : `sip:${target.proxy}`;
  return {
    mode: 'failover',
    trunk: 'sip',
    branches: [
      {
        uri,
        from: fromOf(caller, services.settings.sipAddress),
        web: /;transport=wss?(;|>|$)/i.test(uri),
        // Nobody vouches for an arbitrary URI: it gets no identity its owner wants kept.
        headers: headersOf(caller, false),
        ...(target.srtp === undefined ? {} : { srtp: target.srtp }),
        ...(proxy === undefined ? {} : { route: proxy.includes(';lr') ? proxy : `${proxy};lr` }),
        ...(target.auth === undefined ? {} : { credentials: target.auth }),
      },
    ],
  };
}
