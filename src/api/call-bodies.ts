/** Bodies of the call commands, reference.md 4.1 and 4.2. */
import { Type } from 'typebox';
import { type PlacedCall, placedCallFaults } from '../verbs/index.ts';
import type { Detail } from './errors.ts';
import { checker } from './validate.ts';
import { choice, closed, flag, hook, integer, maybe, sid, sipHeaders, text } from './schema.ts';

const free = Type.Record(Type.String(), Type.Unknown());
const verb = Type.Record(Type.String(), Type.Unknown());

const to = closed({
  type: choice('Kind of target', 'phone', 'user', 'sip', 'teams'),
  number: maybe(text('For phone and teams', 64)),
  name: maybe(text('For user: name or name@domain')),
  sipUri: maybe(text('For sip', 1024)),
  tenant: maybe(text('Teams tenant')),
  trunk: maybe(text('Carrier by name')),
  vmail: maybe(flag('Teams voicemail')),
  voicemail: maybe(flag('Teams voicemail')),
  overrideTo: maybe(text('User part of the Request-URI')),
  auth: maybe(closed({ username: text('User'), password: text('Password') })),
  proxy: maybe(text('Next hop')),
  headers: maybe(sipHeaders),
});

export const createBody = closed({
  from: text('Caller id'),
  to,
  application_sid: maybe(sid('Application to run')),
  call_hook: maybe(hook),
  call_status_hook: maybe(hook),
  app_json: maybe(Type.Union([Type.String({ maxLength: 65_536 }), Type.Array(verb, { maxItems: 200 })])),
  callerName: maybe(text('Display name')),
  fromHost: maybe(text('Host part of From')),
  timeout: maybe(Type.Number({ minimum: 0, maximum: 600, description: 'Seconds to ring; default 60' })),
  timeLimit: maybe(Type.Number({ minimum: 0, maximum: 604_800, description: 'Longest talk, seconds' })),
  answerOnBridge: maybe(flag('Passed on')),
  tag: maybe(free),
  headers: maybe(sipHeaders),
  amd: maybe(free),
  record: maybe(Type.Unknown()),
  dual_streams: maybe(flag('Passed on')),
  sipRequestWithinDialogHook: maybe(hook),
  referHook: maybe(hook),
  env_vars: maybe(Type.Record(Type.String(), Type.String({ maxLength: 4096 }))),
  speech_synthesis_vendor: maybe(text('Speech')),
  speech_synthesis_language: maybe(text('Speech')),
  speech_synthesis_voice: maybe(text('Speech')),
  speech_recognizer_vendor: maybe(text('Speech')),
  speech_recognizer_language: maybe(text('Speech')),
});

type CreateBody = {
  readonly to: Readonly<Record<string, unknown>> & { readonly type: string };
  readonly [field: string]: unknown;
};

const keyField: Readonly<Record<string, string>> = { phone: 'number', teams: 'number', user: 'name', sip: 'sipUri' };
const hooks = ['call_hook', 'call_status_hook', 'referHook', 'sipRequestWithinDialogHook'];

/** Accepted in shape so that it can be refused by name. */
const notYet = ['record', 'dual_streams'];

/** Rules between the fields of a create. */
export function createFaults(body: CreateBody): Detail[] {
  const faults: Detail[] = [];
  const field = keyField[body.to.type];
  if (field !== undefined && !body.to[field]) {
    faults.push({ path: `/to/${field}`, expected: `set, because to.type is ${body.to.type}`, got: 'nothing' });
  }
  if (!body['application_sid'] && !body['call_hook'] && !body['app_json']) {
    faults.push({ path: '/application_sid', expected: 'set, or call_hook or app_json in its place', got: 'nothing' });
  }
  for (const name of notYet) {
    if (body[name])
      faults.push({ path: `/${name}`, expected: 'left out: this version cannot do it yet', got: 'a value' });
  }
  if (faults.length === 0) {
    for (const { at, expected, got } of placedCallFaults(body as unknown as PlacedCall))
      faults.push({ path: `/${at.join('/')}`, expected, got });
  }
  for (const name of hooks) {
    const value = body[name] as string | { url: string } | null | undefined;
    const url = typeof value === 'object' ? value?.url : value;
    if (url && !/^(?:https?|wss?):\/\//i.test(url)) {
      faults.push({ path: `/${name}`, expected: 'an absolute http(s) or ws(s) URL', got: 'something else' });
    }
  }
  return faults;
}

const mute = choice('', 'mute', 'unmute');

export const updateBody = closed({
  call_hook: maybe(hook),
  call_status_hook: maybe(hook),
  child_call_hook: maybe(hook),
  call_status: maybe(choice('completed hangs up; no-answer cancels or refuses', 'completed', 'no-answer')),
  listen_status: maybe(choice('', 'pause', 'silence', 'resume')),
  stream_status: maybe(choice('', 'pause', 'silence', 'resume')),
  transcribe_status: maybe(choice('', 'pause', 'resume')),
  mute_status: maybe(mute),
  conf_mute_status: maybe(mute),
  conf_hold_status: maybe(choice('', 'hold', 'unhold')),
  waitHook: maybe(hook),
  wait_hook: maybe(hook),
  sip_request: maybe(
    closed({
      method: text('SIP method', 32),
      content_type: text('Content-Type', 128),
      content: Type.String({ maxLength: 65_536 }),
      headers: maybe(sipHeaders),
    }),
  ),
  record: maybe(free),
  tag: maybe(free),
  dtmf: maybe(
    closed({
      digit: Type.String({ pattern: '^[0-9*#A-Da-d]{1,64}$', description: 'digits 0-9 * # A-D' }),
      duration: maybe(integer('Milliseconds a digit', 40, 6000)),
    }),
  ),
  conferenceParticipantAction: maybe(free),
  whisper: maybe(Type.Union([verb, Type.Array(verb, { maxItems: 20 })])),
  dub: maybe(free),
  boostAudioSignal: maybe(Type.Union([Type.Number({ minimum: -60, maximum: 40 }), text('like "+3 dB"', 16)])),
  media_path: maybe(choice('', 'no-media', 'partial-media', 'full-media')),
});

const commands = [
  'call_hook',
  'child_call_hook',
  'call_status',
  'listen_status',
  'stream_status',
  'transcribe_status',
  'mute_status',
  'conf_mute_status',
  'conf_hold_status',
  'sip_request',
  'record',
  'tag',
  'dtmf',
  'conferenceParticipantAction',
  'dub',
  'boostAudioSignal',
  'media_path',
];

/** The text of the refusal when a body holds not exactly one command; undefined when it does. `whisper` may accompany,
 * and so may child_call_hook its call_hook. A value that is there counts, 0 as well. */
export function commandFault(body: Readonly<Record<string, unknown>>): string | undefined {
  const given = (name: string) => body[name] !== undefined && body[name] !== null;
  const found = commands.filter(given);
  if (found.length === 0) return given('whisper') ? undefined : 'no valid options supplied to updateCall';
  const pair = found.length === 2 && found.includes('call_hook') && found.includes('child_call_hook');
  return found.length === 1 || pair ? undefined : 'multiple options are not allowed in updateCall';
}

const checkUpdate = checker(updateBody);

/** The rules of PUT Calls for a body that came another way: a sentence a fault. */
export function updateFaults(body: Readonly<Record<string, unknown>>): readonly string[] {
  const faults = checkUpdate(body).map(
    ({ path, expected, got }) => `${path}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`,
  );
  const fault = commandFault(body);
  return faults.length > 0 || fault === undefined ? faults : [fault];
}
