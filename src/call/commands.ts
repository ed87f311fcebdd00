/** What an application may do to a call that runs, by REST (PUT Calls/{sid}, reference.md 4.2) and by WebSocket alike. Every
 * refusal has a reason. */
import { gainLimits, isGain, readDecibels } from '../base/index.ts';
import type { ControlResult, HookRef } from '../ports/index.ts';
import { adultByHook, notApplied } from './adulting.ts';
import { callInfo } from './call-info.ts';
import { setGain } from './gain.ts';
import { InboundLeg } from './inbound-leg.ts';
import { pressKeys } from './keys.ts';
import type { Leg } from './leg.ts';
import { steerRecording } from './record-command.ts';
import type { Session } from './session.ts';
import { sendSipRequest } from './sip-request.ts';

type Body = Readonly<Record<string, unknown>>;
export type CommandContext = {
  readonly session: Session;
  /** The leg the command names. */
  readonly leg: Leg;
  readonly body: Body;
};
type Command = (context: CommandContext) => ControlResult | Promise<ControlResult>;

export const accepted: ControlResult = { ok: true, status: 202 };
export const refuse = (status: 400 | 404 | 422 | 500, message: string): ControlResult => ({
  ok: false,
  status,
  message,
});

const commands: Readonly<Record<string, Command>> = {
  child_call_hook: redirectBoth,
  call_hook: redirect,
  call_status: changeStatus,
  mute_status: mute,
  tag: ({ leg, body }) => {
    leg.tag = body['tag'] as Readonly<Record<string, unknown>>;
    return accepted;
  },
  dtmf: sendDtmf,
  boostAudioSignal: boost,
  dub,
  media_path: changeMediaPath,
  sip_request: sipRequest,
  record: ({ session, leg, body }) => steerRecording(session, leg, body),
  listen_status: steerListening,
  stream_status: steerListening,
  transcribe_status: steerTranscription,
};

/** What cannot be done while the two far ends talk directly. */
const needMedia: ReadonlySet<string> = new Set([
  'mute_status',
  'dtmf',
  'whisper',
  'dub',
  'boostAudioSignal',
  'listen_status',
  'stream_status',
  'transcribe_status',
  'record',
]);

/** The body has the shape of exactly one command (and what may accompany it). */
export async function runCommand(context: CommandContext): Promise<ControlResult> {
  const { session, leg, body } = context;
  if (leg.end !== undefined) return refuse(422, 'the call has ended');
  const state = session.connection?.path.state;
  const needs = Object.keys(body).find((name) => needMedia.has(name));
  if (needs !== undefined && (state === 'none' || state === 'leaving'))
    return refuse(422, `${needs}: the media does not pass here; ask for media_path full-media first`);
  if (needs !== undefined && state === 'returning')
    return refuse(422, `${needs}: the media is on its way back; ask again`);
  const name = Object.keys(commands).find((each) => body[each] !== undefined);
  const command = name === undefined ? undefined : commands[name];
  if (command !== undefined) {
    leg.note('api.command', { command: name });
    const result = await command(context);
    if (!result.ok || body['whisper'] === undefined) return result;
  }
  if (body['whisper'] !== undefined) return whisper(context);
  return refuse(422, `${Object.keys(body).join(', ')}: this version cannot do it yet`);
}

/** The application is asked anew; what it answers replaces what runs. */
function redirect({ session, leg, body }: CommandContext): ControlResult {
  if (leg !== session.caller)
    return refuse(422, 'call_hook redirects the call that runs the application; name its call_sid');
  void askAnew(session, body);
  return accepted;
}

async function askAnew(session: Session, body: Body): Promise<void> {
  const { caller } = session;
  const statusHook = body['call_status_hook'] as HookRef | undefined;
  if (statusHook !== undefined) session.statusHook = statusHook;
  const answer = await session.link.request(body['call_hook'] as HookRef, 'session:redirect', callInfo(caller));
  if (!answer.ok || caller.end !== undefined) return;
  // A WebSocket application may acknowledge first and command later.
  if (answer.body === undefined && session.link.waits) return;
  const replaced = session.script.replace(answer.body ?? []);
  if (!replaced.ok) notApplied(session, caller, replaced.faults);
}

/** child_call_hook: the connected callee gets an application of its own; call_hook beside it asks for the caller's. When
 * the callee's cannot be had, everything stays as it is. */
function redirectBoth({ session, leg, body }: CommandContext): ControlResult {
  const child = session.connection?.callee;
  if (child === undefined) return refuse(422, 'child_call_hook needs a dial that has connected its callee');
  if (child.identity.sessionSid !== session.sid)
    return refuse(422, `the other party is a call of its own: use call_hook of ${child.callSid}`);
  if (leg !== session.caller && leg !== child)
    return refuse(422, 'child_call_hook is for the caller or the connected callee of a dial');
  const hook = body['child_call_hook'] as HookRef;
  void adultByHook(session, child, hook).then((done) => {
    if (done && body['call_hook'] !== undefined) return askAnew(session, body);
    return undefined;
  });
  return accepted;
}

/** completed ends an answered call, no-answer one that rings; either way the right thing is sent. */
function changeStatus({ session, leg, body }: CommandContext): ControlResult {
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

async function mute({ leg, body }: CommandContext): Promise<ControlResult> {
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; mute_status needs an answered call`);
  await leg.media.mute(body['mute_status'] === 'mute');
  return accepted;
}

/** The listeners of this leg; where it has none, all of its session. */
function steerListening({ session, leg, body }: CommandContext): ControlResult {
  const all = [...session.services.registry.listenings.values()];
  const own = all.filter((each) => each.leg === leg);
  const found = own.length > 0 ? own : all.filter((each) => each.leg.identity.sessionSid === session.sid);
  if (found.length === 0) return refuse(422, 'nobody listens to this call');
  const wanted = body['listen_status'] ?? body['stream_status'];
  for (const each of found) each.setFlow(wanted === 'resume' ? 'sound' : (wanted as 'pause' | 'silence'));
  return accepted;
}

async function boost({ leg, body }: CommandContext): Promise<ControlResult> {
  const db = readDecibels(body['boostAudioSignal']);
  if (db === undefined || !isGain(db))
    return refuse(400, `boostAudioSignal is ${gainLimits.least} to ${gainLimits.most} dB, such as 3 or "-6 dB"`);
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; boostAudioSignal needs an answered call`);
  await setGain(leg, db);
  return accepted;
}

async function dub({ session, leg, body }: CommandContext): Promise<ControlResult> {
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; dub needs an answered call`);
  const done = await session.script.beside(leg, { ...(body['dub'] as Body), verb: 'dub' });
  return done.ok ? accepted : refuse(400, done.faults.join('; '));
}

/** All that is written down of this call, both legs. */
function steerTranscription({ session, body }: CommandContext): ControlResult {
  const wanted = body['transcribe_status'];
  if (wanted !== 'pause' && wanted !== 'resume') return refuse(400, 'transcribe_status is pause or resume');
  if (session.transcriptions.size === 0) return refuse(422, 'nothing of this call is being transcribed');
  for (const each of session.transcriptions) each[wanted]();
  return accepted;
}

/** To the leg that is named, by itself or beside another command; the other party hears nothing meanwhile. */
function whisper({ session, leg, body }: CommandContext): ControlResult {
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; whisper needs an answered call`);
  leg.note('api.command', { command: 'whisper' });
  const said = session.script.whisper(leg, body['whisper']);
  return said.ok ? accepted : refuse(422, `whisper: ${said.faults.join('; ')}`);
}

/** Out of the media, or back into it. What cannot be done at once is told by an alert: the far ends have a say. */
function changeMediaPath({ session, body }: CommandContext): ControlResult {
  const path = session.connection?.path;
  if (path === undefined) return refuse(422, 'media_path needs a dial that has connected two parties');
  const leaves = body['media_path'] === 'no-media';
  if ((leaves ? ['none', 'leaving'] : ['full', 'returning']).includes(path.state))
    return refuse(422, `the media path is ${path.state} already`);
  void (leaves ? path.leave() : path.return()).then((moved) => {
    if (!moved.ok) notApplied(session, session.caller, [`media_path: ${moved.reason}`]);
  });
  return accepted;
}

/** An in-dialog request; answered with what the far end answered. */
async function sipRequest({ leg, body }: CommandContext): Promise<ControlResult> {
  const { method, content_type, content, headers } = body['sip_request'] as {
    method: string;
    content_type?: string;
    content?: string;
    headers?: Readonly<Record<string, unknown>>;
  };
  const sent = await sendSipRequest(leg, { method, contentType: content_type, body: content, headers: headers ?? {} });
  return sent.ok
    ? { ok: true, status: 200, body: { status: sent.status, reason: sent.reason } }
    : refuse(422, sent.fault);
}

async function sendDtmf({ leg, body }: CommandContext): Promise<ControlResult> {
  const { digit, duration } = body['dtmf'] as { digit: string; duration?: number };
  if (!/^[0-9*#A-Da-d]{1,64}$/.test(digit)) return refuse(400, 'dtmf.digit is one or more of 0-9 * # A-D');
  if (leg.media === undefined || leg.state !== 'in-progress')
    return refuse(422, `the call is ${leg.status}; dtmf needs an answered call`);
  await pressKeys(leg, digit.toUpperCase(), duration ?? 250);
  return accepted;
}
