/** Who the callee is told is calling: From, P-Asserted-Identity, Privacy. RFC 3323, RFC 3325. */
import type { ExtraHeader } from '../../sip/agent/index.ts';
import type { Headers } from '../../sip/message/index.ts';

/** The caller as the dial wants it shown. */
export type Caller = {
  /** User part of From: callerId of the dial, else the inbound caller's. 'anonymous' or 'restricted' hides it. */
  readonly id: string;
  /** A carrier told us this id: the inbound caller's own, which nobody has changed. */
  readonly vouched: boolean;
  readonly name: string | undefined;
  /** P-Asserted-Identity and Privacy of the inbound call, when forwardPAI. */
  readonly asserted: { readonly identities: readonly string[]; readonly privacy: string | undefined } | undefined;
  /** dial.headers with target.headers over them. */
  readonly headers: readonly ExtraHeader[];
  /** Overrides of target.from. */
  readonly fromUser?: string;
  readonly fromHost?: string;
};

export function isAnonymous(id: string): boolean {
  const word = id.toLowerCase();
  return word === 'anonymous' || word === 'restricted';
}

export function assertedOf(headers: Headers): Caller['asserted'] {
  const identities = headers.all('P-Asserted-Identity');
  const privacy = headers.has('Privacy') ? headers.all('Privacy').join(';') : undefined;
  return identities.length === 0 && privacy === undefined ? undefined : { identities: [...identities], privacy };
}

/** The From of a leg. */
export function fromOf(caller: Caller, host: string): { displayName?: string; uri: string } {
  if (isAnonymous(caller.id)) return { displayName: 'Anonymous', uri: 'sip:anonymous@anonymous.invalid' };
  const uri = `sip:${escapeUser(caller.fromUser ?? caller.id)}@${caller.fromHost ?? host}`;
  return caller.name === undefined || caller.name === '' ? { uri } : { displayName: caller.name, uri };
}

/** Identity headers and the application's own. Towards one that is not trusted an identity whose owner asked for
 * privacy stays in (RFC 3325 §7). */
export function headersOf(caller: Caller, trusted: boolean): ExtraHeader[] {
  const headers: ExtraHeader[] = [];
  const hide = isAnonymous(caller.id);
  const privacy = caller.asserted?.privacy ?? (hide ? 'id' : undefined);
  const wantsPrivacy = privacy !== undefined && privacy.toLowerCase() !== 'none';
  if (caller.asserted !== undefined && (trusted || !wantsPrivacy)) {
    for (const identity of caller.asserted.identities) headers.push(['P-Asserted-Identity', identity]);
  }
  if (privacy !== undefined) headers.push(['Privacy', privacy]);
  // An application may not slip an identity past the rule above.
  for (const header of caller.headers) {
    const own = header[0].toLowerCase();
    if (own === 'p-asserted-identity' && wantsPrivacy && !trusted) continue;
    headers.push(header);
  }
  return headers;
}

/** Percent-encodes what a SIP user part may not hold. RFC 3261 §25.1. */
export function escapeUser(user: string): string {
  return user.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu, (char) => encodeURIComponent(char));
}
