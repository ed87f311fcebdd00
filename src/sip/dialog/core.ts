/** The state of a dialog: plain data, and the requests that follow from it. RFC 3261 §12.1 and §12.2.1.1. */
import { header, HeaderFields, Request, type SipRequest, type SipResponse, tagOf } from '../message/index.ts';
import type { Hop, Source } from '../transaction/index.ts';
import { dialogKey, type Path } from './host.ts';

export type DialogCore = {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  localCSeq: number;
  /** -1 until the peer sent a request. */
  remoteCSeq: number;
  /** Whole From value of our requests, tag included. */
  readonly local: string;
  /** Whole To value of our requests, tag included. */
  readonly remote: string;
  /** URI of the peer's Contact: the Request-URI of our requests. */
  remoteTarget: string;
  /** Route values in the order our requests carry them. */
  readonly routeSet: readonly string[];
  readonly secure: boolean;
  /** Our Contact value. */
  readonly contact: string;
  /** Send here whatever the target says. */
  hop: Hop | undefined;
  /** The name the peer's certificate proved: where its Contact is an address, that must prove it too. */
  readonly provedHost?: string | undefined;
};

const empty = Buffer.alloc(0);

/** UAS: from the request that made it and the tag we put in its To. §12.1.1. */
export function coreOfRequest(
  request: SipRequest,
  ours: { tag: string; contact: string; hop: Hop | undefined },
): DialogCore {
  return {
    callId: request.callId,
    localTag: ours.tag,
    remoteTag: tagOf(request.from) ?? '',
    localCSeq: 0,
    remoteCSeq: request.cseq.number,
    local: `${request.headers.get(header.to) ?? ''};tag=${ours.tag}`,
    remote: request.headers.get(header.from) ?? '',
    remoteTarget: contactOf(request) ?? '',
    routeSet: request.headers.all(header.recordRoute),
    secure: request.uri.startsWith('sips:'),
    contact: ours.contact,
    hop: ours.hop,
  };
}

/** What of an INVITE of ours its dialogs are made of. */
export type InviteFacts = {
  readonly callId: string;
  readonly localTag: string;
  readonly cseq: number;
  /** Whole From value. */
  readonly from: string;
  readonly uri: string;
  /** Authorization headers it carried: its ACK carries them too. */
  readonly authorization: ReadonlyArray<readonly [name: string, value: string]>;
  /** The name its hop had to prove. */
  readonly provedHost?: string | undefined;
};

/** UAC: from our INVITE and a response that carries a To tag. §12.1.2. */
export function coreOfResponse(
  invite: InviteFacts,
  response: SipResponse,
  ours: { contact: string; hop: Hop | undefined },
): DialogCore {
  const routes = response.headers.all(header.recordRoute);
  return {
    callId: invite.callId,
    localTag: invite.localTag,
    remoteTag: tagOf(response.to) ?? '',
    localCSeq: invite.cseq,
    remoteCSeq: -1,
    local: invite.from,
    remote: response.headers.get(header.to) ?? '',
    remoteTarget: contactOf(response) ?? invite.uri,
    routeSet: routes.length < 2 ? routes : [...routes].reverse(),
    secure: invite.uri.startsWith('sips:'),
    contact: ours.contact,
    hop: ours.hop,
    provedHost: invite.provedHost,
  };
}

export function keyOf(core: DialogCore): string {
  return dialogKey(core.callId, core.localTag, core.remoteTag);
}

/** The URI of a message's Contact, without brackets and header parameters. */
export function contactOf(message: SipRequest | SipResponse): string | undefined {
  const value = message.headers.get(header.contact);
  return value === undefined ? undefined : uriText(value);
}

/** The URI inside a name-addr value, as it was written. */
export function uriText(value: string): string {
  let at = 0;
  if (value.startsWith('"')) {
    at = 1;
    while (at < value.length && value[at] !== '"') at += value[at] === '\\' ? 2 : 1;
  }
  const open = value.indexOf('<', at);
  if (open >= 0) {
    const close = value.indexOf('>', open);
    return close < 0 ? value.slice(open + 1) : value.slice(open + 1, close);
  }
  const semicolon = value.indexOf(';');
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
}

/** Where the next request goes. §12.2.1.1, §8.1.2. */
export function pathOf(core: DialogCore): Path {
  const first = core.routeSet[0];
  const { hop, provedHost } = core;
  return { uri: first === undefined ? core.remoteTarget : uriText(first), hop, provedHost };
}

/** A request inside the dialog; the Via is the sender's. ACK repeats the CSeq of its INVITE. */
export function requestOf(core: DialogCore, method: string, cseq: number): Request {
  const headers = new HeaderFields();
  const [first] = core.routeSet;
  // A first route without `lr` is a strict router: it wants to be the Request-URI, and the target at the end.
  const strict = first !== undefined && !isLoose(first);
  // Unlooked at: all of it came out of messages that were read and checked, or is our own.
  headers.own(header.via, '');
  headers.own(header.maxForwards, '70');
  if (first !== undefined) {
    for (const route of strict ? core.routeSet.slice(1) : core.routeSet) headers.own(header.route, route);
    if (strict) headers.own(header.route, `<${core.remoteTarget}>`);
  }
  headers.own(header.from, core.local);
  headers.own(header.to, core.remote);
  headers.own(header.callId, core.callId);
  headers.own(header.cseq, `${cseq} ${method}`);
  const uri = strict ? uriText(first) : core.remoteTarget;
  return new Request({ method, uri }, headers, empty);
}

function isLoose(route: string): boolean {
  return uriText(route)
    .split(';')
    .some((part, at) => at > 0 && (part === 'lr' || part.startsWith('lr=') || part === 'LR'));
}

/** A new target of the peer, from a re-INVITE, UPDATE or its 2xx. §12.2.1.2, §12.2.2. */
export function refreshTarget(core: DialogCore, message: SipRequest | SipResponse): void {
  const contact = contactOf(message);
  if (contact !== undefined) core.remoteTarget = contact;
}

/** A peer reached over its own connection that comes back over a new one is reached over that. RFC 5626 §5.3. */
export function followFlow(core: DialogCore, from: Source): void {
  const { transport, address, port, connectionId } = from;
  if (core.hop?.connectionId === undefined || connectionId === undefined) return;
  if (connectionId !== core.hop.connectionId) core.hop = { transport, address, port, connectionId };
}
