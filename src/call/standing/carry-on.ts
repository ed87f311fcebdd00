/** Calls that a process before this one left standing go on here: the same dialogs, the same ports, the same place in the
 * application. */
import { messageOf } from '../../base/index.ts';
import type { StandingCalls } from '../../ports/index.ts';
import { appCommand } from '../app-commands.ts';
import type { EndCause } from '../end-cause.ts';
import type { Leg } from '../leg.ts';
import type { ScriptFactory } from '../script.ts';
import type { Services } from '../services.ts';
import { Session } from '../session.ts';
import { CarriedLeg } from './carried-leg.ts';
import { Leftover } from './left-leg.ts';
import {
  isStanding,
  type LeftLeg,
  type LegSnapshot,
  readSnapshot,
  type ScriptSnapshot,
  type SessionSnapshot,
} from './snapshot.ts';

export type Left = {
  readonly calls: readonly SessionSnapshot[];
  /** Their media ports: given to nobody else. */
  readonly ports: readonly number[];
};

/** What is there to be carried on. */
export async function findStanding(store: StandingCalls): Promise<Left> {
  const calls = (await store.left()).map(readSnapshot).filter((each) => each !== undefined);
  const legs = calls.flatMap(({ caller, callee }) => (callee === undefined ? [caller] : [caller, callee]));
  return { calls, ports: legs.map(portOf).filter((port) => port !== undefined) };
}

function portOf(leg: LegSnapshot | LeftLeg): number | undefined {
  return isStanding(leg) ? leg.media?.port : undefined;
}

type House = { readonly services: Services; readonly scripts: ScriptFactory };

/** Why what could not be carried on ended. */
type Origin = 'restarted' | 'adopted';
const causes: Readonly<Record<Origin, EndCause>> = {
  restarted: { by: 'server', reason: 'the server was restarted' },
  adopted: { by: 'server', reason: 'the server of this call is gone' },
};

/** Every call goes on, or is forgotten where what was kept of it makes no sense; nobody of them stops the others. Resolves
 * when their media flows again. */
export async function carryOnAll(house: House, { calls }: Left, store: StandingCalls): Promise<void> {
  if (calls.length > 0) house.services.log.warn({ calls: calls.length }, 'calls of the process before are carried on');
  await carryOnEach(house, calls, { store, origin: 'restarted' });
}

/** Calls of another node that is gone: as carryOnAll, from this node's own addresses, of which the far ends are told. */
export async function adoptCalls(house: House, snapshots: readonly string[], store: StandingCalls): Promise<void> {
  const { registry, log } = house.services;
  const calls = snapshots.map(readSnapshot).filter((each) => each !== undefined);
  if (calls.length < snapshots.length)
    log.error({ calls: snapshots.length - calls.length }, 'calls of another node are not understood');
  const strange = calls.filter(({ caller }) => registry.session(caller.identity.sessionSid) === undefined);
  await carryOnEach(house, strange, { store, origin: 'adopted' });
}

/** What others have taken, believing this node gone, goes without a word. */
export function letGoOf({ registry, log }: Services, sids: readonly string[]): void {
  const sessions = sids.map((sid) => registry.session(sid)).filter((each) => each !== undefined);
  if (sessions.length > 0)
    log.warn({ calls: sessions.length }, 'other nodes believed this one gone and have taken its calls');
  for (const session of sessions) session.letGo();
}

async function carryOnEach(
  house: House,
  calls: readonly SessionSnapshot[],
  { store, origin }: { store: StandingCalls; origin: Origin },
): Promise<void> {
  const going = calls.map((call) => {
    try {
      return carryOn(house, call, origin);
    } catch (fault) {
      const { callSid, sessionSid } = call.caller.identity;
      house.services.log.error({ callSid, fault: messageOf(fault) }, 'a call could not be carried on');
      store.drop(sessionSid);
      return Promise.resolve();
    }
  });
  await Promise.all(going);
}

/** Its dialogs stand again when this returns, so that no request of a far end finds nobody; the rest follows. */
function carryOn(house: House, snapshot: SessionSnapshot, origin: Origin): Promise<void> {
  const { services } = house;
  const moved = origin === 'adopted';
  const back = (leg: LegSnapshot | LeftLeg): CarriedLeg | Leftover =>
    isStanding(leg) ? CarriedLeg.restore(services, leg, moved) : new Leftover(services, leg);
  const caller = back(snapshot.caller);
  const callee = snapshot.callee === undefined ? undefined : CarriedLeg.restore(services, snapshot.callee, moved);
  const others = snapshot.others.map(back);
  const session = sessionOf(house, snapshot, caller);
  if (session === undefined) {
    for (const leg of [caller, callee, ...others]) leg?.hangup({ by: 'server', reason: 'its account is gone' });
    return Promise.resolve();
  }
  if (callee !== undefined) session.adopt(callee, true);
  for (const leg of others) session.adopt(leg, true);
  for (const leg of others) leg.hangup(causes[origin]);
  if (caller instanceof CarriedLeg && snapshot.script !== undefined)
    return goOn({ session, caller, callee, snapshot, script: snapshot.script, moved });
  // Whoever rang is told before the one that let it ring.
  caller.hangup(causes[origin]);
  return session.run(() => Promise.resolve(undefined));
}

function sessionOf({ services, scripts }: House, snapshot: SessionSnapshot, caller: Leg): Session | undefined {
  const { callSid, accountSid, applicationSid, traceId, from, to } = caller.identity;
  const account = services.directory.get('account', accountSid);
  if (account === undefined) return undefined;
  const application = services.directory.get('application', applicationSid ?? '');
  caller.note('session.started', { accountSid, application: application?.name, from, to, carried: true });
  const { webhookSecret } = account;
  const { base, conversation } = snapshot;
  const link = services.hooks.open({ accountSid, callSid, webhookSecret, base, traceId, conversation });
  const session = new Session({
    services,
    scripts,
    commander: appCommand,
    caller,
    application,
    link,
    continued: true,
  });
  session.statusHook = snapshot.statusHook;
  session.speech = snapshot.speech;
  void services.live.putCall({ callSid, accountSid, node: services.settings.node, startedAt: caller.startedAt });
  return session;
}

type Carried = {
  readonly session: Session;
  readonly caller: CarriedLeg;
  readonly callee: CarriedLeg | undefined;
  readonly snapshot: SessionSnapshot;
  readonly script: ScriptSnapshot;
  readonly moved: boolean;
};

async function goOn({ session, caller, callee, snapshot, script, moved }: Carried): Promise<void> {
  const legs = callee === undefined ? [caller] : [caller, callee];
  await Promise.all(legs.map((leg) => leg.goOn(moved)));
  const { path } = snapshot;
  const connected = callee === undefined ? undefined : { callee, path };
  void session.run(() => Promise.resolve({ carried: script, connected }));
}
