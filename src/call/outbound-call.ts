/** A call that REST places: one target, rung as a leg of its own; its application runs when it is answered. */
import type { Account, Application, ControlResult, HookRef } from '../ports/index.ts';
import type { Caller } from './routing/caller.ts';
import { planPhone } from './routing/phone.ts';
import { planSip } from './routing/sip.ts';
import { planTeams, type TeamsTarget } from './routing/teams.ts';
import { planUser } from './routing/user.ts';
import { OutboundLeg } from './outbound-leg.ts';
import type { NoPlan, Plan } from './plan.ts';
import type { ScriptFactory } from './script.ts';
import type { Services } from './services.ts';
import { limitTalk } from './talk-limit.ts';
import { type AmdPlan, AnswerDetection, replaceApplication } from './answer-detection.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import { firstOf } from './call-info.ts';

/** The body of POST Calls, shape-checked by the API. reference.md 4.1. */
export type CreateCallBody = {
  readonly from: string;
  readonly to: {
    readonly type: 'phone' | 'sip' | 'user' | 'teams';
    readonly number?: string;
    readonly name?: string;
    readonly sipUri?: string;
    readonly trunk?: string;
    readonly auth?: { readonly username: string; readonly password: string };
    readonly tenant?: string;
    readonly vmail?: boolean;
    readonly voicemail?: boolean;
    readonly overrideTo?: string;
    readonly proxy?: string;
    readonly headers?: Readonly<Record<string, string | number>>;
  };
  readonly application_sid?: string;
  readonly call_hook?: HookRef;
  readonly call_status_hook?: HookRef;
  readonly app_json?: unknown;
  readonly callerName?: string;
  readonly fromHost?: string;
  readonly timeout?: number;
  readonly timeLimit?: number;
  readonly amd?: AmdPlan;
  readonly tag?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly referHook?: HookRef;
  readonly sipRequestWithinDialogHook?: HookRef;
  readonly env_vars?: Readonly<Record<string, string>>;
} & { readonly [name in SpeechField]?: string };

const speechFields = [
  'speech_synthesis_vendor',
  'speech_synthesis_language',
  'speech_synthesis_voice',
  'speech_recognizer_vendor',
  'speech_recognizer_language',
] as const;
type SpeechField = (typeof speechFields)[number];

type Request = {
  services: Services;
  scripts: ScriptFactory;
  accountSid: string;
  body: Readonly<Record<string, unknown>>;
};

export async function createCall({ services, scripts, accountSid, body: raw }: Request): Promise<ControlResult> {
  const body = raw as unknown as CreateCallBody;
  const account = services.directory.get('account', accountSid);
  if (account === undefined) return { ok: false, status: 404, message: `no account ${accountSid}` };
  const application =
    body.application_sid === undefined ? undefined : services.directory.get('application', body.application_sid);
  if (body.application_sid !== undefined && application?.accountSid !== accountSid) {
    return { ok: false, status: 400, message: `application_sid: no application ${body.application_sid}` };
  }
  if (!account.isActive) return { ok: false, status: 409, message: 'the account is not active' };
  const plan = await planFor(services, account, body);
  if ('refused' in plan) return { ok: false, status: 422, message: plan.refused.reason };
  const full = await noRoom(services, account);
  if (full !== undefined) return full;
  const session = placeCall({ services, scripts, account, application, body, plan });
  const leg = session.caller as OutboundLeg;
  const ring = services.clock.after((body.timeout || 60) * 1000, `call ${leg.callSid} ring timer`, () =>
    leg.expire({ by: 'server', reason: 'nobody answered in time' }),
  );
  const answered = new Promise<void>((resolve) => {
    leg.events.on('status', (status) => (status === 'in-progress' ? resolve() : undefined));
    leg.events.on('ended', () => resolve());
  });
  void session.run(async () => {
    await answered;
    ring.cancel();
    if (leg.end !== undefined) return undefined;
    if (body.timeLimit !== undefined && body.timeLimit > 0)
      limitTalk(leg, services.clock.now() + body.timeLimit * 1000);
    if (body.amd !== undefined) detectAnswer(session, body.amd);
    return firstVerbs(session, application, body);
  });
  await leg.start(undefined);
  return { ok: true, status: 201, body: { sid: leg.callSid, callId: leg.sipCallId } };
}

/** What the first hook is told of an application, with what came with this request. */
function defaultsOf(
  application: Application | undefined,
  body: CreateCallBody,
): Pick<Application, 'speech' | 'envVars'> {
  const envVars = { ...application?.envVars, ...body.env_vars };
  return {
    speech: { ...application?.speech, ...speechOf(body) },
    ...(Object.keys(envVars).length === 0 ? {} : { envVars }),
  };
}

function speechOf(body: CreateCallBody): Record<string, string> {
  const given = speechFields.map((field) => [field, body[field]] as const);
  return Object.fromEntries(
    given.filter((each): each is [SpeechField, string] => each[1] !== undefined && each[1] !== ''),
  );
}

/** speech_synthesis_voice → voice. */
function part(speech: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  const own = Object.entries(speech).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The server's own load first: who is refused for that has not used up a call of the account's. */
async function noRoom({ door, quotas, refusals }: Services, account: Account): Promise<ControlResult | undefined> {
  const away = door.enter();
  if (away !== undefined)
    return { ok: false, status: 503, message: 'the server is overloaded', retryAfterSeconds: away };
  const over = await quotas.begin(account);
  if (over === undefined) return undefined;
  refusals.add('account-limit');
  return { ok: false, status: 503, message: over.reason, retryAfterSeconds: over.retryAfterSeconds };
}

async function planFor(services: Services, account: Account, body: CreateCallBody): Promise<Plan | NoPlan> {
  const { to } = body;
  const caller: Caller = {
    id: body.from,
    vouched: false,
    name: body.callerName,
    asserted: undefined,
    headers: Object.entries({ ...body.headers, ...to.headers }).map(([name, value]) => [name, String(value)]),
    ...(body.fromHost === undefined ? {} : { fromHost: body.fromHost }),
  };
  switch (to.type) {
    case 'phone':
      return planPhone(services, account.sid, { number: to.overrideTo ?? to.number ?? '', trunk: to.trunk }, caller);
    case 'sip':
      return planSip(services, { sipUri: to.sipUri ?? '', auth: to.auth, proxy: to.proxy }, caller);
    case 'user':
      return planUser(services, account.sid, { name: to.name ?? '', overrideTo: to.overrideTo }, caller);
    case 'teams':
      return planTeams(services, account.sid, teamsTarget(to), caller);
  }
}

function teamsTarget({ number = '', overrideTo, tenant, vmail, voicemail }: CreateCallBody['to']): TeamsTarget {
  return { number: overrideTo ?? number, tenant, voicemail: vmail === true || voicemail === true };
}

type Opening = {
  services: Services;
  scripts: ScriptFactory;
  account: Account;
  application: Application | undefined;
  body: CreateCallBody;
  plan: Plan;
};

function placeCall({ services, scripts, account, application, body, plan }: Opening): Session {
  const callSid = services.random.uuid();
  const leg = new OutboundLeg(
    services,
    {
      callSid,
      sessionSid: callSid,
      accountSid: account.sid,
      applicationSid: application?.sid,
      parentCallSid: undefined,
      direction: 'outbound',
      from: body.from,
      to: body.to.number ?? body.to.name ?? body.to.sipUri ?? '',
      callerName: body.callerName ?? '',
      traceId: callSid.replaceAll('-', ''),
    },
    plan,
  );
  leg.tag = body.tag;
  const base = application?.callHook ?? hookOf(body.call_hook);
  const statusHook = body.call_status_hook;
  const session = openSession({ services, scripts, caller: leg, account, application, base, statusHook });
  const speech = speechOf(body);
  session.speech = { synthesizer: part(speech, 'speech_synthesis_'), recognizer: part(speech, 'speech_recognizer_') };
  session.hooks = { refer: body.referHook, request: body.sipRequestWithinDialogHook };
  return session;
}

function hookOf(hook: HookRef | undefined): Exclude<HookRef, string> | undefined {
  return typeof hook === 'string' ? { url: hook } : hook;
}

/** What the hook answers replaces the application. */
function detectAnswer(session: Session, plan: AmdPlan): AnswerDetection {
  return new AnswerDetection({
    session,
    leg: session.caller,
    plan,
    answered: (verbs) => replaceApplication(session, verbs),
  });
}

async function firstVerbs(
  session: Session,
  application: Application | undefined,
  body: CreateCallBody,
): Promise<{ verbs: unknown } | undefined> {
  const given = body.app_json ?? (body.call_hook === undefined ? application?.appJson : undefined);
  if (given !== undefined) return { verbs: typeof given === 'string' ? parsed(given) : given };
  const leg = session.caller;
  for (const hook of [body.call_hook ?? application?.callHook, application?.fallbackHook]) {
    if (hook === undefined) continue;
    const answer = await session.link.request(hook, 'session:new', firstOf(leg, defaultsOf(application, body)));
    if (answer.ok) return { verbs: answer.body ?? [] };
  }
  leg.hangup({ by: 'error', reason: 'the application could not be reached' });
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
