/** Turns a verb that passed the check into its one typed form: aliases resolved, defaults filled in, duplicates out. */
import { readDecibels } from '../../base/index.ts';
import { transcribeOptions } from './transcribe.ts';
import { canonicalE164, canonicalNumber } from './e164.ts';
import { configFaults } from './config.ts';
import { listenOptions } from './listen.ts';
import { waiting } from './waiting.ts';
import type {
  AmdOptions,
  ConfigVerb,
  DialVerb,
  DubVerb,
  GatherVerb,
  Headers,
  Hook,
  JsonObject,
  Target,
  Verb,
  OtherVerbName,
  PlayVerb,
  SayVerb,
  SipReferVerb,
  SipRequestVerb,
} from './types.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Node's timers end at 2^31 ms: anything longer fires at once. */
const mostSeconds = 2_000_000;
const defaultRingSeconds = 60;
const defaultConfirmSeconds = 60;
const defaultKeyMs = 500;
const defaultGatherSeconds = 15;
const defaultBargeInSeconds = 5;
/** More keys than anybody types. */
const mostDigits = 256;
/** What the media engine can do, ms. */
const keyLimits = { shortest: 40, longest: 5000 } as const;
const empty: Fields = Object.freeze({});
const noHeaders: Headers = Object.freeze(Object.create(null) as Record<string, string>);

export function normalise(name: string, raw: Fields): Verb {
  const id = optional(raw['id']);
  switch (name) {
    case 'dial':
      return dial(raw, id);
    case 'config':
      return config(raw, id);
    case 'dub':
      return dub(raw, id);
    case 'gather':
      return gather(raw, id);
    case 'play':
      return play(raw, id);
    case 'say':
      return say(raw, id);
    case 'transcribe':
      return { verb: 'transcribe', id, ...transcribeOptions(raw, hook) };
    case 'answer':
      return { verb: 'answer', id };
    case 'alert':
      return { verb: 'alert', id, message: String(raw['message']) };
    case 'pause':
      return { verb: 'pause', id, length: Math.min(Number(raw['length']), mostSeconds) };
    case 'hangup':
      return { verb: 'hangup', id, headers: headers(raw['headers']) };
    case 'dtmf':
      return { verb: 'dtmf', id, dtmf: String(raw['dtmf']), duration: keyMs(raw['duration']) };
    case 'listen':
      return { verb: 'listen', id, ...listenOptions(raw, hook) };
    case 'sip:refer':
      return sipRefer(raw, id);
    case 'sip:request':
      return sipRequest(raw, id);
    case 'tag':
      return { verb: 'tag', id, data: raw['data'] as JsonObject };
    case 'redirect':
      return {
        verb: 'redirect',
        id,
        actionHook: hook(raw['actionHook']) ?? { url: '' },
        statusHook: hook(raw['statusHook']),
      };
    case 'sip:decline':
      return {
        verb: 'sip:decline',
        id,
        status: Number(raw['status']),
        reason: optional(raw['reason']),
        headers: headers(raw['headers']),
      };
    default:
      return { verb: name as OtherVerbName, id, options: without(raw, ['verb', 'id', '_']) };
  }
}

function dial(raw: Fields, id: string | undefined): DialVerb {
  return {
    verb: 'dial',
    id,
    target: targets(raw['target'] as readonly Fields[]),
    actionHook: hook(raw['actionHook']),
    amd: amd(raw['amd'] as Fields | undefined),
    anchorMedia: raw['anchorMedia'] === true,
    answerOnBridge: raw['answerOnBridge'] === true,
    boostAudioSignal: decibels(raw['boostAudioSignal']),
    callerId: callerId(raw['callerId']),
    callerName: optional(raw['callerName']),
    codecs: raw['codecs'] as readonly string[] | undefined,
    confirmHook: hook(raw['confirmHook']),
    confirmTimeout: seconds(raw['confirmTimeout']) ?? defaultConfirmSeconds,
    dialMusic: optional(raw['dialMusic']),
    dtmfCapture: dtmfCapture(raw['dtmfCapture']),
    dtmfHook: hook(raw['dtmfHook']),
    dtmfSuppress: raw['dtmfSuppress'] === true,
    dub:
      raw['dub'] === undefined ? [] : ([raw['dub']].flat() as Fields[]).map((each) => dub(each, optional(each['id']))),
    exitMediaPath: (raw['exitMediaPath'] as boolean | 'strict' | undefined) ?? false,
    forwardPAI: raw['forwardPAI'] !== false,
    headers: headers(raw['headers']),
    listen: nestedListen((raw['listen'] ?? raw['stream']) as Fields | undefined),
    onHoldHook: hook(raw['onHoldHook']),
    proxy: optional(raw['proxy']),
    referHook: hook(raw['referHook']),
    srtpEncryption: raw['srtpEncryption'] as DialVerb['srtpEncryption'],
    strategy: (raw['strategy'] as DialVerb['strategy'] | undefined) ?? 'simring',
    tag: raw['tag'] as JsonObject | undefined,
    timeLimit: seconds(raw['timeLimit']),
    timeout: seconds(raw['timeout']) ?? defaultRingSeconds,
    transcribe: nestedTranscribe(raw['transcribe'] as Fields | undefined),
  };
}

function play(raw: Fields, id: string | undefined): PlayVerb {
  const { loop, url } = raw;
  return {
    verb: 'play',
    id,
    url: typeof url === 'string' ? [url] : (url as string[]),
    loop: loop === 'forever' ? loop : Math.max(1, Math.floor(numeric(loop) ?? 1)),
    earlyMedia: raw['earlyMedia'] === true,
    seekOffset: Math.max(0, numeric(raw['seekOffset']) ?? 0),
    timeoutSecs: seconds(raw['timeoutSecs']),
    actionHook: hook(raw['actionHook']),
  };
}

function config(raw: Fields, id: string | undefined): ConfigVerb {
  const { boostAudioSignal: boost, reset } = raw;
  const parts = {
    listen: listenSwitch((raw['listen'] ?? raw['stream']) as Fields | undefined),
    bargeIn: bargeIn(raw['bargeIn'] as Fields | undefined),
    reset: reset === undefined ? [] : ([reset].flat() as string[]),
    transcribe: transcribeSwitch(raw['transcribe'] as Fields | undefined),
    amd: amd(raw['amd'] as Fields | undefined),
    record: raw['record'] as JsonObject | undefined,
    ...waiting(raw, { play, say }),
  };
  return {
    verb: 'config',
    id,
    ...parts,
    boostAudioSignal: boost === undefined ? undefined : (readDecibels(boost) ?? Number.NaN),
    synthesizer: raw['synthesizer'] as JsonObject | undefined,
    recognizer: raw['recognizer'] as JsonObject | undefined,
    vad: raw['vad'] as JsonObject | undefined,
    earlyMedia: raw['earlyMedia'] === true,
    onHoldMusic: raw['onHoldMusic'] as string | undefined,
    referHook: hook(raw['referHook']),
    notifyEvents: raw['notifyEvents'] as boolean | undefined,
    sipRequestWithinDialogHook: hook(raw['sipRequestWithinDialogHook']),
    unsupported: configFaults(raw, parts),
  };
}

function listenSwitch(raw: Fields | undefined): ConfigVerb['listen'] {
  if (raw === undefined) return undefined;
  return raw['enable'] === false ? 'off' : listenOptions({ url: '', ...raw }, hook);
}

function transcribeSwitch(raw: Fields | undefined): ConfigVerb['transcribe'] {
  return raw?.['enable'] === false ? 'off' : nestedTranscribe(raw);
}

function bargeIn(raw: Fields | undefined): ConfigVerb['bargeIn'] {
  if (raw === undefined) return undefined;
  if (raw['enable'] === false) return 'off';
  const { input, actionHook, finishOnKey, minDigits, maxDigits, interDigitTimeout, minBargeinWordCount } = gather(
    raw,
    undefined,
  );
  const between = interDigitTimeout ?? defaultBargeInSeconds;
  const [keys, sticky] = [{ finishOnKey, minDigits, maxDigits, interDigitTimeout: between }, raw['sticky'] === true];
  return { input, actionHook, ...keys, minBargeinWordCount, sticky };
}

function dub(raw: Fields, id: string | undefined): DubVerb {
  const { say: text, loop, gain } = raw;
  const level = readDecibels(gain);
  return {
    verb: 'dub',
    id,
    action: raw['action'] as DubVerb['action'],
    track: raw['track'] as string,
    play: optional(raw['play']),
    say:
      text === undefined || text === '' ? undefined : say(typeof text === 'string' ? { text } : (text as Fields), id),
    loop: loop === true || loop === 'forever' ? 'forever' : Math.max(1, Math.floor(numeric(loop) ?? 1)),
    gain: level ?? (gain === undefined || gain === '' ? 0 : Number.NaN),
  };
}

function gather(raw: Fields, id: string | undefined): GatherVerb {
  const input = ((raw['input'] as string[] | undefined) ?? ['digits']).map((each) =>
    each === 'dtmf' ? 'digits' : each,
  );
  const { numDigits, timeout } = raw;
  return {
    verb: 'gather',
    id,
    input: input as GatherVerb['input'],
    actionHook: hook(raw['actionHook']),
    finishOnKey: String(raw['finishOnKey'] ?? '').toUpperCase(),
    minDigits: count(numDigits ?? raw['minDigits']) ?? 1,
    maxDigits: count(numDigits ?? raw['maxDigits']) ?? mostDigits,
    interDigitTimeout: seconds(raw['interDigitTimeout']),
    timeout: timeout === 0 ? undefined : (seconds(timeout) ?? defaultGatherSeconds),
    dtmfBargein: raw['dtmfBargein'] !== false,
    bargein: raw['bargein'] === true,
    minBargeinWordCount: Math.max(0, Math.floor(numeric(raw['minBargeinWordCount']) ?? 1)),
    listenDuringPrompt: raw['listenDuringPrompt'] !== false,
    speechTimeout: seconds(raw['speechTimeout']),
    partialResultHook: hook(raw['partialResultHook']),
    recognizer: raw['recognizer'] as JsonObject | undefined,
    play: raw['play'] === undefined ? undefined : play(raw['play'] as Fields, undefined),
    say: raw['say'] === undefined ? undefined : say(raw['say'] as Fields, undefined),
    ...waiting(raw, { play, say }),
  };
}

export function say(raw: Fields, id: string | undefined): SayVerb {
  const { loop, text } = raw;
  return {
    verb: 'say',
    id,
    text: text === undefined ? [] : ([text].flat() as string[]),
    loop: loop === 'forever' ? loop : Math.max(1, Math.floor(numeric(loop) ?? 1)),
    earlyMedia: raw['earlyMedia'] === true,
    synthesizer: raw['synthesizer'] as JsonObject | undefined,
    instructions: optional(raw['instructions']),
    disableTtsCache: raw['disableTtsCache'] === true,
  };
}

function nestedTranscribe(raw: Fields | undefined): DialVerb['transcribe'] {
  return raw === undefined ? undefined : transcribeOptions(raw, hook);
}

/** Duplicates go: the same number, name or URI of the same type is rung once. */
function targets(raw: readonly Fields[]): Target[] {
  const seen = new Set<string>();
  const unique: Target[] = [];
  for (const each of raw) {
    const one = target(each);
    const key = addressKey(one);
    // A target without address is kept: dialFaults names each of them.
    if (key !== '' && seen.has(`${one.type} ${key}`)) continue;
    seen.add(`${one.type} ${key}`);
    unique.push(one);
  }
  return unique;
}

/** +1 555 and 1555 are one number. */
function addressKey(target: Target): string {
  const address = targetAddress(target);
  return target.type === 'phone' ? (canonicalNumber(address) ?? address) : address;
}

/** A telephone number without its visual separators; a name or extension as it is. */
function callerId(raw: unknown): string | undefined {
  const given = optional(raw)?.trim();
  if (given === undefined || given === '') return undefined;
  const digits = canonicalE164(given);
  return digits === undefined ? given : `${given.startsWith('+') ? '+' : ''}${digits}`;
}

/** What is rung: number, name or URI. Empty where the application left it out. */
export function targetAddress(target: Target): string {
  switch (target.type) {
    case 'sip':
      return target.sipUri;
    case 'user':
      return target.name;
    case 'phone':
    case 'teams':
      return target.number;
  }
}

function target(raw: Fields): Target {
  const common = {
    confirmHook: hook(raw['confirmHook'] ?? raw['url'], raw['method']),
    headers: headers(raw['headers']),
    from: from(raw['from'] as Fields | undefined),
    proxy: optional(raw['proxy']),
    auth: raw['auth'] as { username: string; password: string } | undefined,
    delay: raw['delay'] === undefined ? undefined : Math.min(Number(raw['delay']), mostSeconds),
    timeout: seconds(raw['timeout']),
    overrideTo: optional(raw['overrideTo']),
  };
  const number = trimmed(raw['number']);
  switch (raw['type']) {
    case 'sip':
      return { type: 'sip', sipUri: trimmed(raw['sipUri']), ...common };
    case 'user':
      return { type: 'user', name: trimmed(raw['name']), ...common };
    case 'teams': {
      const voicemail = raw['voicemail'] === true || raw['vmail'] === true;
      return { type: 'teams', number, tenant: optional(raw['tenant']), voicemail, ...common };
    }
    default:
      return { type: 'phone', number, trunk: optional(raw['trunk']), ...common };
  }
}

function from(raw: Fields = empty): Target['from'] {
  return { user: optional(raw['user']), host: optional(raw['host']) };
}

const amdTimers: AmdOptions['timers'] = {
  noSpeechTimeoutMs: 5000,
  decisionTimeoutMs: 15_000,
  toneTimeoutMs: 20_000,
  greetingCompletionTimeoutMs: 2000,
};

function amd(raw: Fields | undefined): AmdOptions | undefined {
  if (raw === undefined) return undefined;
  const timers = (raw['timers'] ?? {}) as Fields;
  const timer = (name: keyof AmdOptions['timers']): number => numeric(timers[name]) ?? amdTimers[name];
  return {
    actionHook: hook(raw['actionHook']) ?? hook(raw['hook']),
    gate: raw['gate'] === true,
    thresholdWordCount: numeric(raw['thresholdWordCount']) ?? 9,
    digitCount: numeric(raw['digitCount']) ?? 0,
    recognizer: raw['recognizer'] as JsonObject | undefined,
    timers: {
      noSpeechTimeoutMs: timer('noSpeechTimeoutMs'),
      decisionTimeoutMs: timer('decisionTimeoutMs'),
      toneTimeoutMs: timer('toneTimeoutMs'),
      greetingCompletionTimeoutMs: timer('greetingCompletionTimeoutMs'),
    },
  };
}

function nestedListen(raw: Fields | undefined): DialVerb['listen'] {
  return raw === undefined ? undefined : listenOptions(raw, hook);
}

function dtmfCapture(raw: unknown): DialVerb['dtmfCapture'] {
  if (raw === undefined) return undefined;
  if (Array.isArray(raw)) return { childCall: raw as string[], parentCall: raw as string[] };
  const { childCall, parentCall } = raw as { childCall?: string[]; parentCall?: string[] };
  return { childCall: childCall ?? [], parentCall: parentCall ?? [] };
}

/** A string, or an object with credentials flat or under basicAuth. An empty url means no hook, as in jambonz. */
export function hook(raw: unknown, method?: unknown): Hook | undefined {
  if (raw === undefined || raw === '') return undefined;
  const fields = (typeof raw === 'string' ? { url: raw, method } : raw) as Fields;
  const auth = (fields['basicAuth'] ?? fields) as { username?: string; password?: string };
  const url = fields['url'] as string;
  if (url === '') return undefined;
  return {
    url,
    ...(fields['method'] !== undefined && { method: String(fields['method']).toUpperCase() as 'GET' | 'POST' }),
    ...(auth.username !== undefined && { username: auth.username }),
    ...(auth.password !== undefined && { password: auth.password }),
  };
}

function headers(raw: unknown): Headers {
  if (raw === undefined) return noHeaders;
  const all = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(raw as Fields)) all[name] = String(value).normalize('NFC');
  return all;
}

/** Anything that is no level is NaN: the call goes on without it, and the application hears of it. */
function decibels(raw: unknown): number {
  return readDecibels(raw) ?? (raw === undefined || raw === '' ? 0 : Number.NaN);
}

/** 0 and absence mean the default. */
function seconds(raw: unknown): number | undefined {
  const value = numeric(raw);
  return value === undefined || value <= 0 ? undefined : Math.min(value, mostSeconds);
}

function keyMs(raw: unknown): number {
  return Math.min(keyLimits.longest, Math.max(keyLimits.shortest, numeric(raw) || defaultKeyMs));
}

/** A number of keys; 0 and absence mean that it was left open. */
function count(raw: unknown): number | undefined {
  const value = Math.floor(numeric(raw) ?? 0);
  return value < 1 ? undefined : Math.min(value, mostDigits);
}

function numeric(raw: unknown): number | undefined {
  if (raw === undefined || raw === '') return undefined;
  const value = Number(raw);
  return Number.isFinite(value) ? value : undefined;
}

function optional(raw: unknown): string | undefined {
  return raw === undefined || raw === '' ? undefined : (raw as string);
}

function trimmed(raw: unknown): string {
  return raw === undefined ? '' : (raw as string).trim();
}

function without(raw: Fields, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !names.includes(name)));
}

function sipRefer(raw: Fields, id: string | undefined): SipReferVerb {
  return {
    verb: 'sip:refer',
    id,
    referTo: raw['referTo'] as string,
    referredBy: raw['referredBy'] as string | undefined,
    referredByDisplayName: raw['referredByDisplayName'] as string | undefined,
    headers: headers(raw['headers']),
    actionHook: hook(raw['actionHook']),
    eventHook: hook(raw['eventHook']),
  };
}

/** A body that is an object goes out as JSON. A Content-Type among the headers is the body's. */
function sipRequest(raw: Fields, id: string | undefined): SipRequestVerb {
  const { body } = raw;
  const given = headers(raw['headers']);
  const type = Object.keys(given).find((name) => name.toLowerCase() === 'content-type');
  return {
    verb: 'sip:request',
    id,
    method: raw['method'] as string,
    contentType: type === undefined ? (typeof body === 'object' ? 'application/json' : undefined) : given[type],
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    headers: Object.fromEntries(Object.entries(given).filter(([name]) => name !== type)),
    actionHook: hook(raw['actionHook']),
  };
}
