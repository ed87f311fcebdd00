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

const none: readonly ExtraHeader[] = [];

export function isAnonymous(id: string): boolean {
  return /^(?:anonymous|restricted)$/i.test(id);
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
export function headersOf(caller: Caller, trusted: boolean): readonly ExtraHeader[] {
  // Nobody has said anything of the caller but its number.
  if (caller.asserted === undefined && caller.headers.length === 0 && !isAnonymous(caller.id)) return none;
  const headers: ExtraHeader[] = [];
  const [identities, wishes] = [named(caller, 'P-Asserted-Identity'), named(caller, 'Privacy')];
  const privacy = strictest([caller.asserted?.privacy, ...wishes, isAnonymous(caller.id) ? 'id' : undefined]);
  const wantsPrivacy = privacy !== undefined && privacy.toLowerCase() !== 'none';
  // What the application says of the caller goes before what the caller's network said; not past the wish for privacy.
  if (trusted || !wantsPrivacy) {
    const shown = identities.length > 0 ? identities : (caller.asserted?.identities ?? []);
    for (const identity of shown) headers.push(['P-Asserted-Identity', identity]);
  }
  if (privacy !== undefined) headers.push(['Privacy', privacy]);
  return [...headers, ...caller.headers.filter(([name]) => !/^(?:p-asserted-identity|privacy)$/i.test(name))];
}

/** The application's own headers of that name. */
function named({ headers }: Caller, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** Every wish for privacy, each once; `none` only where nobody wishes for any. RFC 3323 §4.2. */
function strictest(values: readonly (string | undefined)[]): string | undefined {
  const given = values.filter((each) => each !== undefined);
  const wishes = new Set(given.flatMap((each) => each.split(';')).map((each) => each.trim().toLowerCase()));
  wishes.delete('');
  if (wishes.size > 1) wishes.delete('none');
  return wishes.size === 0 ? undefined : [...wishes].join(';');
}

/** Percent-encodes what a SIP user part may not hold. RFC 3261 §25.1. */
export function escapeUser(user: string): string {
  return user.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu, (char) => encodeURIComponent(char));
}
