/** The parts verbs are made of, as JSON Schema. Objects are strict: an unknown property is a fault, except `_` (free
 * form) and `id`, which any object may carry. */
import { Type, type TProperties, type TSchema } from 'typebox';

export const text = Type.String();
export const bool = Type.Boolean();
export const number = Type.Number();
/** Seconds, counts: never negative; 0 means the default. */
export const amount = Type.Number({ minimum: 0 });
/** Any JSON object: customer data, vendor options. */
export const open = Type.Object({});
/** Keys of a phone; `w` and `W` wait half a second and a second. */
export const keys = Type.String({ pattern: '^[0-9*#A-Da-dwW]{1,128}$', description: '1 to 128 of 0-9 * # A-D w W' });
/** Keys that end an input; empty for none. */
export const endKeys = Type.String({ pattern: '^[0-9*#A-Da-d]{0,16}$', description: 'keys of 0-9 * # A-D' });
/** The name of a track. */
export const trackName = Type.String({ pattern: '^[^\\u0000-\\u001f]{1,64}$', description: '1 to 64 characters' });
export const texts = Type.Array(text);
export const textOrTexts = Type.Union([text, texts]);
export const numberOrText = Type.Union([number, text]);

export function oneOf(...values: string[]): TSchema {
  return Type.Enum(values);
}

export function strict<P extends TProperties>(properties: P, required: readonly (keyof P & string)[] = []): TSchema {
  const all: Record<string, TSchema> = { id: Type.Optional(text), _: Type.Optional(open) };
  for (const [name, schema] of Object.entries(properties))
    all[name] = required.includes(name) ? schema : Type.Optional(schema);
  return Type.Object(all, { additionalProperties: false });
}

/** A SIP header block: name to value. Which names are allowed is a rule, not a shape: see header-rules.ts. */
export const headers = Type.Object({}, { additionalProperties: numberOrText });

export const credentials = strict({ username: text, password: text }, ['username', 'password']);

export const hook = Type.Union([
  text,
  strict(
    { url: text, method: oneOf('GET', 'POST', 'get', 'post'), username: text, password: text, basicAuth: credentials },
    ['url'],
  ),
]);

/** When there is a voice. A vendor's own detector is not here: ours takes the words of both. */
export const vad = strict({
  enable: bool,
  voiceMs: amount,
  silenceMs: amount,
  speechPadMs: amount,
  strategy: oneOf('continuous', 'one-shot'),
  mode: Type.Integer({ minimum: 0, maximum: 3 }),
  threshold: Type.Number({ minimum: 0, maximum: 1 }),
  vendor: oneOf('webrtc', 'silero'),
});
/** Vendors' own options are theirs. */
export const recognizer = Type.Object({ vad: Type.Optional(vad) });

export const amd = strict({
  actionHook: hook,
  hook,
  thresholdWordCount: amount,
  digitCount: amount,
  recognizer,
  gate: bool,
  timers: strict({
    noSpeechTimeoutMs: amount,
    decisionTimeoutMs: amount,
    toneTimeoutMs: amount,
    greetingCompletionTimeoutMs: amount,
  }),
});

/** Of a dial: 1 is the caller, 2 the callee. */
const channel = Type.Enum([1, 2]);

const transcribeShape = {
  enable: bool,
  transcriptionHook: hook,
  translationHook: hook,
  recognizer,
  earlyMedia: bool,
  channel,
};
export const transcribe = strict({ verb: oneOf('transcribe'), ...transcribeShape });

/** Hz: what sound can be had at. */
const rate = Type.Enum([8000, 16_000, 24_000, 32_000, 48_000, 64_000]);

const listenShape = {
  actionHook: hook,
  auth: credentials,
  wsAuth: credentials,
  bidirectionalAudio: strict({ enabled: bool, streaming: bool, sampleRate: rate }),
  channel,
  disableBidirectionalAudio: bool,
  earlyMedia: bool,
  finishOnKey: text,
  maxLength: amount,
  metadata: open,
  mixType: oneOf('mono', 'stereo', 'mixed'),
  passDtmf: bool,
  playBeep: bool,
  sampleRate: rate,
  timeout: amount,
  transcribe,
  url: text,
};
export const listen = strict({ verb: oneOf('listen', 'stream'), ...listenShape }, ['url']);
/** In `config` and `conference`: switched on and off. */
export const listenSwitch = strict({ enable: bool, ...listenShape });
export const transcribeSwitch = strict(transcribeShape);

export const say = strict(
  {
    verb: oneOf('say'),
    text: textOrTexts,
    loop: numberOrText,
    synthesizer: open,
    earlyMedia: bool,
    stream: bool,
    instructions: text,
    disableTtsCache: bool,
    closeStreamOnEmpty: bool,
  },
  [],
);
export const play = strict(
  {
    verb: oneOf('play'),
    url: textOrTexts,
    loop: numberOrText,
    earlyMedia: bool,
    seekOffset: numberOrText,
    timeoutSecs: numberOrText,
    actionHook: hook,
  },
  ['url'],
);
export const dub = strict(
  {
    verb: oneOf('dub'),
    action: oneOf('addTrack', 'removeTrack', 'silenceTrack', 'playOnTrack', 'sayOnTrack'),
    track: trackName,
    play: text,
    say: Type.Union([text, say]),
    loop: Type.Union([bool, number, text]),
    gain: numberOrText,
  },
  ['action', 'track'],
);

/** Which fields a type needs is checked when the dial runs (dial-rules.ts): the other verbs of the document still run. */
export const target = strict(
  {
    type: oneOf('phone', 'sip', 'user', 'teams'),
    auth: credentials,
    confirmHook: hook,
    url: hook,
    method: oneOf('GET', 'POST', 'get', 'post'),
    delay: amount,
    from: strict({ user: text, host: text }),
    headers,
    name: text,
    number: text,
    overrideTo: text,
    proxy: text,
    sipUri: text,
    tenant: text,
    timeout: amount,
    trunk: text,
    vmail: bool,
    voicemail: bool,
  },
  ['type'],
);
