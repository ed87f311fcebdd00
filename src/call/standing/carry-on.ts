/** Calls that a process before this one left standing go on here: the same dialogs, the same ports, the same place in the
 * application. */
import type { StandingCalls } from '../../ports/index.ts';
import { appCommand } from '../app-commands.ts';
import type { EndCause } from '../end-cause.ts';
import type { ScriptFactory } from '../script.ts';
import type { Services } from '../services.ts';
import { Session } from '../session.ts';
import { CarriedLeg } from './carried-leg.ts';
import { readSnapshot, type SessionSnapshot } from './snapshot.ts';

export type Left = {
  readonly calls: readonly SessionSnapshot[];
  /** Their media ports: given to nobody else. */
  readonly ports: readonly number[];
};

/** What is there to be carried on. */
export async function findStanding(store: StandingCalls): Promise<Left> {
  const calls = (await store.left()).map(readSnapshot).filter((each) => each !== undefined);
  const ports = calls.flatMap(({ caller, callee }) => [caller, callee].map((leg) => leg?.media.port));
  return { calls, ports: ports.filter((port) => port !== undefined) };
}

type House = { readonly services: Services; readonly scripts: ScriptFactory };

/** Its dialogs stand again when this returns, so that no request of a far end finds nobody; the rest follows. */
export function carryOn(house: House, snapshot: SessionSnapshot): Promise<void> {
  const { services } = house;
  const caller = CarriedLeg.restore(services, snapshot.caller);
  const callee = snapshot.callee === undefined ? undefined : CarriedLeg.restore(services, snapshot.callee);
  const session = sessionOf(house, snapshot, caller);
  if (session === undefined) {
    for (const leg of [caller, callee]) leg?.hangup({ by: 'server', reason: 'its account is gone' });
    return Promise.resolve();
  }
  if (callee !== undefined) session.adopt(callee, true);
  return goOn({ session, caller, callee, snapshot });
}

function sessionOf({ services, scripts }: House, snapshot: SessionSnapshot, caller: CarriedLeg): Session | undefined {
  const { callSid, accountSid, applicationSid, traceId, from, to } = caller.identity;
  const account = services.directory.get('account', accountSid);
  if (account === undefined) return undefined;
  const application = services.directory.get('application', applicationSid ?? '');
  caller.note('session.started', { accountSid, application: application?.name, from, to, carried: true });
  const { webhookSecret } = account;
  const link = services.hooks.open({ accountSid, callSid, webhookSecret, base: snapshot.base, traceId });
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
};

const noMedia: EndCause = { by: 'error', reason: 'its media could not be carried on' };

async function goOn({ session, caller, callee, snapshot }: Carried): Promise<void> {
  const legs = callee === undefined ? [caller] : [caller, callee];
  await Promise.all(
    legs.map(async (leg) => {
      if (!(await leg.resumeMedia())) leg.hangup(noMedia);
    }),
  );
  const { script, path } = snapshot;
  const connected = callee === undefined ? undefined : { callee, path };
  void session.run(() => Promise.resolve({ carried: script, connected }));
}
