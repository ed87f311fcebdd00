/** A stand-in for one of Microsoft's gateways (Direct Routing), as strict as its documents are: what breaks a rule is
 * refused with the code Microsoft gives, and the rule is kept for the failure message. Media is a phone's, over SRTP.
 * https://learn.microsoft.com/microsoftteams/direct-routing-protocols-sip */
import type { Behaviour, IncomingPhoneCall, Message, Phone } from '../../src/testing/index.ts';

export type TeamsTenant = { readonly tenant: string; readonly sbc: string };

const allowed = 'INVITE, ACK, OPTIONS, CANCEL, BYE, NOTIFY, UPDATE, PRACK';
const suite = 'AES_CM_128_HMAC_SHA1_80';

export class TeamsGateway {
  readonly phone: Phone;
  /** Rules that were broken, in words. */
  readonly broken: string[] = [];
  /** SBCs that said OPTIONS here, by name, and how often. */
  readonly greeted = new Map<string, number>();
  readonly #tenants: readonly TeamsTenant[];

  /** `tenants`: those whose domains were verified. */
  constructor(phone: Phone, tenants: readonly TeamsTenant[]) {
    this.phone = phone;
    this.#tenants = tenants;
    phone.strays.follow((request) => this.#stray(request));
  }

  /** Its host and port, as a configuration names it. */
  get address(): string {
    return `${this.phone.address}:${this.phone.port}`;
  }

  /** From now on calls that keep all rules are taken so. */
  takes(behaviour: Behaviour): void {
    this.phone.onInvite = (call) => {
      const fault = this.#faultOf(call);
      if (fault === undefined) return behaviour(call);
      this.broken.push(fault.rule);
      return call.refuses(fault.status);
    };
  }

  #stray(request: Message): void {
    if (request.method !== 'OPTIONS') return;
    const contact = tlsName(request.get('contact'));
    const from = tlsName(request.get('from'));
    const known = this.#tenants.some(({ sbc }) => sbc === contact);
    if (contact === undefined || contact !== from || !known || viaOf(request) !== 'TLS')
      this.broken.push(`OPTIONS of From ${from}, Contact ${contact}, over ${viaOf(request)}`);
    else this.greeted.set(contact, (this.greeted.get(contact) ?? 0) + 1);
  }

  #faultOf({ invite }: IncomingPhoneCall): { status: number; rule: string } | undefined {
    const tenant = this.#tenants.find((each) => each.tenant === tlsName(invite.get('contact')));
    if (viaOf(invite) !== 'TLS') return { status: 403, rule: 'TLS only' };
    if (tenant === undefined) return { status: 403, rule: `Contact of no tenant: ${invite.get('contact')}` };
    if (!this.greeted.has(tenant.sbc)) return { status: 403, rule: `no OPTIONS of ${tenant.sbc} was seen` };
    return this.#headerFault(invite, tenant) ?? sdpFault(invite.sdp ?? '', this.phone.ice !== undefined);
  }

  #headerFault(invite: Message, { tenant }: TeamsTenant): { status: number; rule: string } | undefined {
    const bad = (rule: string): { status: number; rule: string } => ({ status: 400, rule });
    const from = invite.get('from') ?? '';
    if (!new RegExp(`<sip:[^@>]+@${tenant};transport=tls>`).test(from) && !from.includes('@anonymous.invalid'))
      return { status: 403, rule: `From is not of the tenant: ${from}` };
    if (!new RegExp(`^sip:[^@]+@${this.phone.address}(;opaque=app:voicemail)?$`).test(invite.uri))
      return { status: 404, rule: `Request-URI ${invite.uri}` };
    if (invite.get('session-expires') !== undefined || /\btimer\b/.test(invite.get('supported') ?? ''))
      return bad('a session timer was offered');
    if (invite.all('allow').join(', ') !== allowed) return bad(`Allow: ${invite.all('allow').join(', ')}`);
    return undefined;
  }
}

/** `bypass`: the trunk has media bypass on, which wants an SBC that is ICE-lite. */
function sdpFault(sdp: string, bypass: boolean): { status: number; rule: string } | undefined {
  const bad = (rule: string): { status: number; rule: string } => ({ status: 488, rule });
  const lines = sdp.split(/\r?\n/);
  const audio = lines.filter((line) => line.startsWith('m=audio'));
  if (audio.length !== 1 || !/^m=audio \d+ RTP\/SAVP /.test(audio[0] ?? ''))
    return bad(`audio is ${audio.join(' + ')}`);
  if (!lines.includes('a=rtcp-mux')) return bad('RTCP has a port of its own');
  const found = ['a=ice-lite', 'a=ice-ufrag:', 'a=ice-pwd:', 'a=candidate:'];
  const missing = found.find((each) => !lines.some((line) => line.startsWith(each)));
  if (bypass && missing !== undefined) return bad(`media bypass without ${missing}`);
  const keys = lines.filter((line) => line.startsWith('a=crypto:'));
  if (keys.length === 0 || keys.some((line) => line.split(' ')[1] !== suite))
    return bad(`keys are ${keys.length} lines`);
  return undefined;
}

/** The host of `<sip:…host:5061;transport=tls>`, From's without the port. */
function tlsName(value = ''): string | undefined {
  return /<sip:(?:[^@>]*@)?([^:;@>]+):5061;transport=tls>/.exec(value)?.[1];
}

function viaOf(request: Message): string {
  return /^SIP\/2\.0\/(\w+)/.exec(request.get('via') ?? '')?.[1] ?? '';
}
