/** A registered user: every contact of the address of record rings, as branches of the one target; a device with several
 * flows by one of them. */
import { type Account, type Binding, bindingKey } from '../../ports/index.ts';
import type { SrtpPolicy } from '../../sdp/index.ts';
import type { Branch, NoPlan, Plan } from '../plan.ts';
import type { Services } from '../services.ts';
import { type Caller, escapeUser, fromOf, headersOf } from './caller.ts';

export function addressOfRecord(name: string, account: Account | undefined, domain: string): string {
  const [user = '', realm] = splitAtLast(name.replace(/^sips?:/i, ''), '@');
  return `${user}@${realm ?? account?.sipRealm ?? domain}`.toLowerCase();
}

function splitAtLast(text: string, mark: string): [string, string | undefined] {
  const at = text.lastIndexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

export type UserTarget = {
  readonly name: string;
  /** Takes the place of the user part of each contact. */
  readonly overrideTo?: string | undefined;
};

export async function planUser(
  services: Services,
  accountSid: string,
  { name, overrideTo }: UserTarget,
  caller: Caller,
): Promise<Plan | NoPlan> {
  const account = services.directory.get('account', accountSid);
  const aor = addressOfRecord(name, account, services.settings.domain);
  const addresses = [aor, ...softphonesOf(services, account, aor)];
  const found = await Promise.all(addresses.map((each) => services.live.bindings(each)));
  const bindings = found.flat().filter((binding) => binding.accountSid === accountSid);
  if (bindings.length === 0) {
    return { refused: { status: 'failed', sipStatus: 404, reason: `the user '${aor}' is not registered` } };
  }
  const host = account?.sipRealm ?? services.settings.domain;
  const headers = headersOf(caller, false);
  const branchTo = (binding: Binding): Branch => ({
    ...calledAs(overrideTo, services.agent.routeTo(reachable(binding, services.settings.node))),
    ...behindEdge(services, binding),
    to: `sip:${aor}`,
    from: fromOf(caller, host),
    headers,
    web: isBrowser(binding),
    srtp: srtpOf(binding, services),
  });
  const silenceMs = services.settings.gatewayTimeoutMs;
  const branches = devicesOf(bindings).map(([first, ...others]) => ({
    ...branchTo(first),
    ...(others.length === 0 ? {} : { flows: others.map(branchTo), silenceMs }),
  }));
  return { mode: 'parallel', trunk: 'user', branches };
}

/** In their order; the flows of one device together. */
function devicesOf(bindings: readonly Binding[]): [Binding, ...Binding[]][] {
  const devices = new Map<string, [Binding, ...Binding[]]>();
  for (const binding of bindings) {
    const { aor, contact, instance = contact } = binding;
    const known = devices.get(`${aor} ${instance}`);
    if (known === undefined) devices.set(`${aor} ${instance}`, [binding]);
    else known.push(binding);
  }
  return [...devices.values()];
}

function calledAs<R extends { readonly uri: string }>(user: string | undefined, route: R): R {
  if (user === undefined) return route;
  return {
    ...route,
    uri: route.uri.replace(/^(sips?:)(?:[^@;?]*@)?/i, (_, scheme) => `${scheme}${escapeUser(user)}@`),
  };
}

/** The portal's softphones of the people of that name ring with the user's phones: each has an address of its own, made for
 * one session. */
function softphonesOf({ directory, settings }: Services, account: Account | undefined, aor: string): string[] {
  if (account === undefined) return [];
  const [name, realm] = splitAtLast(aor, '@');
  const own = account.sipRealm ?? settings.domain;
  if (realm !== own.toLowerCase()) return [];
  return directory.softphones(account.sid, name).map(({ username }) => `${username}@${own}`.toLowerCase());
}

/** What registers over a WebSocket is a page, or does as one does: RFC 7118. */
function isBrowser({ transport }: Binding): boolean {
  return transport === 'ws' || transport === 'wss';
}

/** Its audio comes from where its REGISTER came from, not from the edge that its signalling goes through. */
function behindEdge({ live }: Services, binding: Binding): Pick<Branch, 'far' | 'onFlowFailed'> {
  const { path, address, transport, aor } = binding;
  if (path.length === 0) return {};
  // Not there any more; a registration over a new connection makes a contact of its own.
  return {
    far: { address, transport },
    onFlowFailed: () => void live.unbind(aor, bindingKey(binding)).catch(() => {}),
  };
}

/** Without a word on it, a device whose signalling is protected is offered SRTP: its keys are then nobody else's. */
function srtpOf({ clientSid, transport }: Binding, { directory }: Services): SrtpPolicy {
  return directory.get('client', clientSid)?.srtp ?? (transport === 'tls' ? 'offer' : 'none');
}

/** A connection of another node, or of this one before it started anew, means nothing here. */
function reachable(binding: Binding, node: string): Binding {
  if (binding.node === node) return binding;
  const { connectionId: _, ...rest } = binding;
  return rest;
}
