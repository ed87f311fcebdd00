/** What a WebSocket application may command (reference.md 3.3): the words are its own, the deeds those of REST. */
import type { AppCommand, ControlResult } from '../ports/index.ts';
import { adultWith } from './adulting.ts';
import { accepted, refuse, runCommand } from './commands.ts';
import type { Leg } from './leg.ts';
import type { Session } from './session.ts';

type Body = Readonly<Record<string, unknown>>;
type Bodies = (data: unknown) => Body;

/** The value alone, or an object that has it under the name REST uses (and what accompanies it). */
const named =
  (field: string): Bodies =>
  (data) =>
    isObject(data) && Object.hasOwn(data, field) ? data : { [field]: data };
/** The data is the value. */
const whole =
  (field: string): Bodies =>
  (data) => ({ [field]: data });

const bodies: Readonly<Record<string, Bodies>> = {
  'call:status': named('call_status'),
  'mute:status': named('mute_status'),
  'conf:mute-status': named('conf_mute_status'),
  'conf:hold-status': named('conf_hold_status'),
  'conf:participant-action': whole('conferenceParticipantAction'),
  'listen:status': named('listen_status'),
  'stream:status': named('stream_status'),
  'transcribe:status': named('transcribe_status'),
  whisper: named('whisper'),
  'sip:request': whole('sip_request'),
  dtmf: whole('dtmf'),
  tag: whole('tag'),
  record: whole('record'),
  dub: whole('dub'),
  boostAudioSignal: named('boostAudioSignal'),
  'media:path': named('media_path'),
};

export async function appCommand(session: Session, command: AppCommand): Promise<ControlResult> {
  const leg = command.callSid === undefined ? session.caller : session.leg(command.callSid);
  if (leg === undefined) return refuse(404, `callSid: ${command.callSid} is no call of this session`);
  if (leg.end !== undefined) return refuse(422, 'the call has ended');
  leg.note('app.command', { command: command.command });
  const own = Object.hasOwn(ownCommands, command.command) ? ownCommands[command.command] : undefined;
  if (own !== undefined) return own(session, leg, command);
  const body = Object.hasOwn(bodies, command.command) ? bodies[command.command]?.(command.data) : undefined;
  if (body === undefined) return refuse(422, `${command.command}: this version has no such command`);
  return perform(session, leg, body);
}

function perform(session: Session, leg: Leg, given: Body): ControlResult | Promise<ControlResult> {
  const body = withoutNulls(given);
  const faults = session.services.updateFaults(body);
  if (faults.length > 0) return refuse(400, faults.join('; '));
  return runCommand({ session, leg, body });
}

/** A call like one that REST places; of this application unless it says otherwise. */
async function dial(session: Session, _: Leg, { data }: AppCommand): Promise<ControlResult> {
  if (!isObject(data)) return refuse(400, 'dial: expected an object, the body of POST Calls');
  const { services, accountSid, link } = session;
  const given = withoutNulls(data);
  const has = ['application_sid', 'call_hook', 'app_json'].some((name) => given[name] !== undefined);
  const application = session.application?.sid;
  const body = has || application === undefined ? given : { ...given, application_sid: application };
  const placed = await services.place(accountSid, body);
  if (placed.ok && link.takesStatus)
    link.notify('', 'verb:status', {
      call_sid: session.caller.callSid,
      event: 'placed',
      name: 'dial',
      ...placedAs(placed),
    });
  return placed;
}

function placedAs({ body }: Extract<ControlResult, { ok: true }>): Body {
  const { sid, callId } = body as { sid: string; callId: string };
  return { placed_call_sid: sid, placed_call_id: callId };
}

/** The verb, at once and beside what runs. */
async function config(session: Session, leg: Leg, { data }: AppCommand): Promise<ControlResult> {
  if (!isObject(data)) return refuse(400, 'config: expected an object, the fields of the verb');
  const done = await session.script.beside(leg, { ...withoutNulls(data), verb: 'config' });
  return done.ok ? accepted : refuse(400, done.faults.join('; '));
}

/** Those REST has no such command for. */
const ownCommands: Readonly<
  Record<string, (session: Session, leg: Leg, command: AppCommand) => ControlResult | Promise<ControlResult>>
> = { redirect, dial, config };

/** As in REST: null means not set. */
function withoutNulls(given: Body): Body {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

/** Verbs, or hooks to ask for them, or verbs for both sides of a dial. */
function redirect(session: Session, leg: Leg, { data, queue }: AppCommand): ControlResult | Promise<ControlResult> {
  if (Array.isArray(data))
    return leg === session.caller ? runVerbs(session, data, queue) : forChild(session, leg, data);
  if (!isObject(data)) return refuse(400, 'redirect: expected verbs, or an object with call_hook or child_call_hook');
  const { parent_call: parent, child_call: child, ...hooks } = data;
  if (parent === undefined && child === undefined) return perform(session, leg, hooks);
  if (child !== undefined) {
    const callee = session.connection?.callee;
    if (callee === undefined) return refuse(422, 'child_call needs a dial that has connected its callee');
    const done = forChild(session, callee, child);
    if (!done.ok) return done;
  }
  return parent === undefined ? accepted : runVerbs(session, parent, false);
}

function runVerbs(session: Session, verbs: unknown, queue: boolean): ControlResult {
  const done = queue ? session.script.append(verbs) : session.script.replace(verbs);
  return done.ok ? accepted : refuse(400, done.faults.join('; '));
}

function forChild(session: Session, child: Leg, verbs: unknown): ControlResult {
  if (child !== session.connection?.callee) return refuse(422, 'verbs for a callee need a dial that has connected it');
  if (child.identity.sessionSid !== session.sid) return refuse(422, 'the other party is a call of its own');
  const faults = adultWith(session, child, verbs);
  return faults.length === 0 ? accepted : refuse(400, faults.join('; '));
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
