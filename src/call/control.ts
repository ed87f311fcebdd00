/** What REST may do with calls (ports/control.ts): place one, look, and act on one that runs. */
import type { CallControl, CallInfo, LegFigures } from '../ports/index.ts';
import { callInfo } from './call-info.ts';
import { refuse, runCommand } from './commands.ts';
import type { Leg } from './leg.ts';
import { createCall } from './outbound-call.ts';
import type { ScriptFactory } from './script.ts';
import type { Services } from './services.ts';

export function createControl(services: Services, scripts: ScriptFactory): CallControl {
  const find = (accountSid: string, callSid: string): Leg | undefined => {
    const leg = services.registry.leg(callSid);
    return leg?.identity.accountSid === accountSid ? leg : undefined;
  };
  return {
    create: (accountSid, body) => createCall({ services, scripts, accountSid, body }),
    update: (accountSid, callSid, body) => {
      const leg = find(accountSid, callSid);
      const session = leg === undefined ? undefined : services.registry.sessionOf(leg);
      if (leg === undefined || session === undefined)
        return Promise.resolve(
          services.registry.unwritten.get(callSid)?.identity.accountSid === accountSid
            ? refuse(422, 'the call has ended')
            : refuse(404, `no call ${callSid} is running`),
        );
      return runCommand({ session, leg, body });
    },
    list: (accountSid, filter) =>
      Array.from(legsOf(services, accountSid), shown).filter((info) => matches(info, filter)),
    get: (accountSid, callSid) => {
      // Between its end and its record too: a call that was told of can always be read.
      const leg = find(accountSid, callSid) ?? services.registry.unwritten.get(callSid);
      return leg?.identity.accountSid === accountSid ? shown(leg) : undefined;
    },
    quality: async (accountSid, callSid) => {
      const leg = find(accountSid, callSid);
      const session = leg === undefined ? undefined : services.registry.sessionOf(leg);
      return session === undefined ? undefined : figuresOf(session.legs());
    },
    count: (accountSid) => {
      const count = { inbound: 0, outbound: 0 };
      for (const leg of legsOf(services, accountSid)) count[leg.identity.direction]++;
      return count;
    },
  };
}

async function figuresOf(legs: Iterable<Leg>): Promise<LegFigures[]> {
  const all = Array.from(legs, async (leg) => ({ leg, quality: await leg.media?.quality(true) }));
  const figures: LegFigures[] = [];
  for (const { leg, quality } of await Promise.all(all)) {
    if (quality !== undefined) figures.push({ call_sid: leg.callSid, ...quality });
  }
  return figures;
}

function* legsOf(services: Services, accountSid: string): Generator<Leg> {
  for (const leg of services.registry.legs()) if (leg.identity.accountSid === accountSid) yield leg;
}

function shown(leg: Leg): CallInfo {
  const hook = leg.services.directory.get('application', leg.identity.applicationSid ?? '')?.callHook;
  return {
    ...callInfo(leg),
    caller_name: leg.identity.callerName,
    duration: leg.duration,
    ...(hook === undefined ? {} : { service_url: hook.url }),
  };
}

function matches(
  info: CallInfo,
  filter: { direction?: string; from?: string; to?: string; callStatus?: string },
): boolean {
  const { direction, from, to, callStatus } = filter;
  const same = (name: string, wanted: string | undefined) => wanted === undefined || info[name] === wanted;
  return same('direction', direction) && same('from', from) && same('to', to) && same('call_status', callStatus);
}
