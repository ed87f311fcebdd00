/** Every verb's options as JSON Schema: what the parser checks and what OpenAPI shows. */
import { Type, type TSchema } from 'typebox';
import {
  amd,
  amount,
  bool,
  dub,
  endKeys,
  headers,
  hook,
  keys,
  listen,
  listenSwitch,
  number,
  numberOrText,
  oneOf,
  open,
  play,
  say,
  strict,
  target,
  text,
  textOrTexts,
  texts,
  transcribe,
  transcribeSwitch,
} from './shapes.ts';

const hooks = { actionHook: hook };
const input = Type.Array(oneOf('digits', 'dtmf', 'speech'));
const digitLimits = {
  finishOnKey: endKeys,
  numDigits: amount,
  minDigits: amount,
  maxDigits: amount,
  interDigitTimeout: amount,
  minBargeinWordCount: amount,
  dtmfBargein: bool,
};
const fillerNoise = strict({ enable: bool, url: text, startDelaySecs: number });
const actionHookDelayAction = strict({
  enabled: bool,
  noResponseTimeout: amount,
  noResponseGiveUpTimeout: amount,
  retries: amount,
  actions: Type.Array(open),
  giveUpActions: Type.Array(open),
});

const dial = strict(
  {
    target: Type.Array(target),
    actionHook: hook,
    amd,
    anchorMedia: bool,
    answerOnBridge: bool,
    boostAudioSignal: numberOrText,
    callerId: text,
    callerName: text,
    codecs: texts,
    confirmHook: hook,
    confirmTimeout: amount,
    dialMusic: text,
    dtmfCapture: Type.Union([texts, strict({ childCall: texts, parentCall: texts })]),
    dtmfHook: hook,
    dtmfSuppress: bool,
    dub: Type.Union([Type.Array(dub), dub]),
    exitMediaPath: Type.Union([bool, oneOf('strict')]),
    forwardPAI: bool,
    headers,
    listen,
    stream: listen,
    onHoldHook: hook,
    proxy: text,
    referHook: hook,
    srtpEncryption: oneOf('sdes', 'dtls'),
    strategy: oneOf('simring', 'hunt', 'stagger'),
    tag: open,
    timeLimit: amount,
    timeout: amount,
    transcribe,
    verb: oneOf('dial'),
  },
  ['target'],
);

const config = strict({
  actionHookDelayAction,
  amd,
  autoStreamTts: bool,
  bargeIn: strict({ enable: bool, sticky: bool, actionHook: hook, input, ...digitLimits }),
  boostAudioSignal: numberOrText,
  disableTtsCache: bool,
  earlyMedia: bool,
  fillerNoise,
  listen: listenSwitch,
  noiseIsolation: Type.Union([bool, open]),
  notifyEvents: bool,
  notifySttLatency: bool,
  onHoldMusic: text,
  recognizer: open,
  record: open,
  referHook: hook,
  reset: textOrTexts,
  sipRequestWithinDialogHook: hook,
  stream: listenSwitch,
  synthesizer: open,
  trackTtsPlayout: bool,
  transcribe: transcribeSwitch,
  ttsStream: open,
  turnTaking: open,
  vad: open,
  verb: oneOf('config'),
});

const conference = strict(
  {
    actionHook: hook,
    beep: Type.Union([bool, text]),
    distributeDtmf: bool,
    endConferenceDuration: amount,
    endConferenceOnExit: bool,
    enterHook: hook,
    joinMuted: bool,
    listen: listenSwitch,
    maxParticipants: amount,
    memberTag: text,
    name: text,
    record: open,
    speakOnlyTo: text,
    startConferenceOnEnter: bool,
    statusEvents: texts,
    statusHook: hook,
    stream: listenSwitch,
    verb: oneOf('conference', 'room'),
    waitHook: hook,
  },
  ['name'],
);

const gather = strict({
  ...hooks,
  ...digitLimits,
  actionHookDelayAction,
  bargein: bool,
  fillerNoise,
  input,
  listenDuringPrompt: bool,
  partialResultHook: hook,
  play,
  recognizer: open,
  say,
  speechTimeout: number,
  timeout: amount,
  verb: oneOf('gather'),
});

const simple = {
  answer: strict({ verb: oneOf('answer') }),
  alert: strict({ verb: oneOf('alert'), message: text }, ['message']),
  pause: strict({ verb: oneOf('pause'), length: amount }, ['length']),
  hangup: strict({ verb: oneOf('hangup'), headers }),
  redirect: strict({ verb: oneOf('redirect'), actionHook: hook, statusHook: hook }, ['actionHook']),
  tag: strict({ verb: oneOf('tag'), data: open }, ['data']),
  'sip:decline': strict(
    { verb: oneOf('sip:decline'), status: Type.Integer({ minimum: 400, maximum: 699 }), reason: text, headers },
    ['status'],
  ),
};

const others = {
  dequeue: strict({ ...hooks, verb: oneOf('dequeue'), name: text, beep: bool, callSid: text, timeout: amount }, [
    'name',
  ]),
  dtmf: strict({ verb: oneOf('dtmf'), dtmf: keys, duration: amount }, ['dtmf']),
  enqueue: strict({ ...hooks, verb: oneOf('enqueue'), name: text, waitHook: hook, priority: number }, ['name']),
  leave: strict({ verb: oneOf('leave') }),
  message: strict(
    {
      ...hooks,
      verb: oneOf('message'),
      to: text,
      from: text,
      text,
      media: textOrTexts,
      carrier: text,
      account_sid: text,
      message_sid: text,
    },
    ['to', 'from'],
  ),
  'sip:refer': strict(
    {
      ...hooks,
      verb: oneOf('sip:refer'),
      referTo: text,
      referredBy: text,
      referredByDisplayName: text,
      headers,
      eventHook: hook,
    },
    ['referTo'],
  ),
  'sip:request': strict(
    { ...hooks, verb: oneOf('sip:request'), method: text, body: Type.Union([text, open]), headers },
    ['method'],
  ),
  transfer: strict({
    ...hooks,
    verb: oneOf('transfer'),
    amd,
    blindMethod: oneOf('refer', 'dial'),
    brief: Type.Union([text, open]),
    callerId: text,
    callerPresent: bool,
    confirm: Type.Union([bool, open]),
    disposition: open,
    eventHook: hook,
    mode: oneOf('blind', 'warm'),
    onHoldHook: hook,
    target: Type.Array(target),
    timeout: amount,
  }),
};

/** Names of verbs whose options belong to a vendor: any object will do. */
const vendorVerbs = ['agent', 'dialogflow', 'lex', 'llm', 'rasa'];

/** Verb name to the JSON Schema of its options. */
export const verbSchemas: Readonly<Record<string, TSchema>> = {
  ...simple,
  dial,
  play,
  say,
  gather,
  config,
  conference,
  dub,
  listen,
  transcribe,
  ...others,
  ...Object.fromEntries(vendorVerbs.map((name) => [name, open])),
};

/** Other names of a verb. */
export const verbAliases: Readonly<Record<string, string>> = {
  stream: 'listen',
  room: 'conference',
  s2s: 'llm',
  openai_s2s: 'llm',
  microsoft_s2s: 'llm',
  google_s2s: 'llm',
  elevenlabs_s2s: 'llm',
  deepgram_s2s: 'llm',
  voiceagent_s2s: 'llm',
  ultravox_s2s: 'llm',
  qwen_s2s: 'llm',
  gptlive_s2s: 'llm',
};
