/** What REST may do with calls (ports/control.ts): place one, look, and act on one that runs. */
import type { CallControl, CallInfo, ControlResult } from '../ports/index.ts';
import { callInfo } from './call-info.ts';
import { InboundLeg } from './inbound-leg.ts';
import type { Leg } from './leg.ts';
import { createCall } from './outbound-call.ts';
import type { ScriptFactory } from './script.ts';
import type { Services } from './services.ts';
import type { Session } from './session.ts';

type Body = Readonly<Record<string, unknown>>;
type Command = (session: Session, leg: Leg, body: Body) => ControlResult | Promise<ControlResult>;

const accepted: ControlResult = { ok: true, status: 202 };
const refuse = (status: 400 | 404 | 422 | 500, message: string): ControlResult => ({ ok: false, status, message });

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
        return Promise.resolve(refuse(404, `no call ${callSid} is running`));
      return update(session, leg, body);
    },
    list: (accountSid, filter) =>
      Array.from(legsOf(services, accountSid), shown).filter((info) => matches(info, filter)),
    get: (accountSid, callSid) => {
      const leg = find(accountSid, callSid);
      return leg === undefined ? undefined : shown(leg);
    },
    count: (accountSid) => {
      const count = { inbound: 0, outbound: 0 };
      for (const leg of legsOf(services, accountSid)) count[leg.identity.direction]++;
      return count;
    },
  };
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

const commands: Readonly<Record<string, Command>> = {
  call_hook: redirect,
  call_status: changeStatus,
  mute_status: mute,
  tag: (_, leg, body) => {
    leg.tag = body['tag'] as Readonly<Record<string, unknown>>;
    return accepted;
  },
  dtmf: sendDtmf,
  listen_status: steerListening,
  stream_status: steerListening,
};

async function update(session: Session, leg: Leg, body: Body): Promise<ControlResult> {
  for (const [name, command] of Object.entries(commands)) {
    if (body[name] === undefined) continue;
    leg.note('api.command', { command: name });
    return command(session, leg, body);
  }
  return refuse(422, `none of ${Object.keys(body).join(', ')} can be done in this version`);
}

/** The application is asked anew; what it answers replaces what runs. */
async function redirect(session: Session, leg: Leg, body: Body): Promise<ControlResult> {
  if (leg !== session.caller)
    return refuse(422, 'call_hook redirects the call that runs the application; name its call_sid');
  const hook = body['call_hook'] as string;
  const statusHook = body['call_status_hook'];
  if (typeof statusHook === 'string') session.statusHook = statusHook;
  void session.link.request(hook, 'session:redirect', callInfo(leg)).then((answer) => {
    if (!answer.ok || leg.end !== undefined) return;
    const replaced = session.script.replace(answer.body ?? []);
    if (replaced.ok) return;
    const message = replaced.faults[0] ?? 'not valid';
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: leg.callSid,
      type: 'error-updating-call',
      message,
    });
  });
  return accepted;
}

/** completed ends an answered call, no-answer one that rings; either way the right thing is sent. */
function changeStatus(session: Session, leg: Leg, body: Body): ControlResult {
  const wanted = body['call_status'];
  const cause = { by: 'api', reason: `call_status ${String(wanted)} by API` } as const;
  const answered = leg.state === 'in-progress';
  if (wanted === 'completed' && !answered)
    return refuse(422, `the call is ${leg.status}; completed needs an answered call`);
  if (wanted === 'no-answer' && answered) return refuse(422, 'the call was already answered; use completed');
  if (wanted !== 'completed' && wanted !== 'no-answer') return refuse(400, 'call_status is completed or no-answer');
  // A child's end brings the dial to its end; a parent's end the whole session.
  if (leg === session.caller && leg instanceof InboundLeg && !answered) leg.reject({ status: 480, cause });
  else leg.hangup(cause);
  return accepted;
}

async function mute(_: Session, leg: Leg, body: Body): Promise<ControlResult> {
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; mute_status needs an answered call`);
  await leg.media.mute(body['mute_status'] === 'mute');
  return accepted;
}

/** The listeners of this leg; where it has none, all of its session. */
function steerListening(session: Session, leg: Leg, body: Body): ControlResult {
  const all = [...session.services.registry.listenings.values()];
  const own = all.filter((each) => each.leg === leg);
  const found = own.length > 0 ? own : all.filter((each) => each.leg.identity.sessionSid === session.sid);
  if (found.length === 0) return refuse(422, 'nobody listens to this call');
  const wanted = body['listen_status'] ?? body['stream_status'];
  for (const each of found) each.setFlow(wanted === 'resume' ? 'sound' : (wanted as 'pause' | 'silence'));
  return accepted;
}

async function sendDtmf(_: Session, leg: Leg, body: Body): Promise<ControlResult> {
  const { digit, duration } = body['dtmf'] as { digit: string; duration?: number };
  if (!/^[0-9*#A-Da-d]{1,64}$/.test(digit)) return refuse(400, 'dtmf.digit is one or more of 0-9 * # A-D');
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; dtmf needs an answered call`);
  await leg.media.sendDigits(digit.toUpperCase(), duration ?? 250);
  return accepted;
}
