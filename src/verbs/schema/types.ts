/** Verbs as the interpreter sees them: one typed form, whatever notation or alias the application used. Every key is
 * always present, so that objects of a verb share one shape; `undefined` says the application left it out. */
import type { HookTarget } from '../../ports/index.ts';
import type { ConfigParts } from './config.ts';
import type { ListenOptions } from './listen.ts';
import type { TranscribeOptions } from './transcribe.ts';
import type { Waiting } from './waiting.ts';

/** A hook of a verb, always as an object. Its url may be relative to the application's call hook. */
export type Hook = HookTarget;
/** SIP headers as the application gave them, numbers made strings; an object without prototype. */
export type Headers = Readonly<Record<string, string>>;
export type JsonObject = Readonly<Record<string, unknown>>;

type Named<V extends string> = {
  readonly verb: V;
  /** Echoed as `verb_id` in the verb's hooks. */
  readonly id: string | undefined;
};

type TargetCommon = {
  /** Overrides the dial's own. */
  readonly confirmHook: Hook | undefined;
  /** Wins over the dial's headers, name by name. */
  readonly headers: Headers;
  readonly from: { readonly user: string | undefined; readonly host: string | undefined };
  /** Outbound proxy of the INVITE: `sip:host:port` or `host:port`. */
  readonly proxy: string | undefined;
  readonly auth: { readonly username: string; /** secret */ readonly password: string } | undefined;
  /** Seconds after the dial's start (hunt: after the previous target's end) before this one is rung. */
  readonly delay: number | undefined;
  /** Seconds this target may ring. */
  readonly timeout: number | undefined;
  /** Replaces the user part of the address that is rung. */
  readonly overrideTo: string | undefined;
};
export type PhoneTarget = TargetCommon & {
  readonly type: 'phone';
  readonly number: string;
  /** Name of a carrier. */
  readonly trunk: string | undefined;
};
export type SipTarget = TargetCommon & { readonly type: 'sip'; readonly sipUri: string };
export type UserTarget = TargetCommon & { readonly type: 'user'; readonly name: string };
export type TeamsTarget = TargetCommon & {
  readonly type: 'teams';
  readonly number: string;
  readonly tenant: string | undefined;
  readonly voicemail: boolean;
};
export type Target = PhoneTarget | SipTarget | UserTarget | TeamsTarget;

/** Who answered? reference.md 6.2. */
export type AmdOptions = {
  readonly actionHook: Hook | undefined;
  /** Connect only a person. */
  readonly gate: boolean;
  /** Of a transcript: this many words are a machine's; so many digits in a row, 0 for never. */
  readonly thresholdWordCount: number;
  readonly digitCount: number;
  readonly recognizer: JsonObject | undefined;
  readonly timers: {
    readonly noSpeechTimeoutMs: number;
    readonly decisionTimeoutMs: number;
    readonly toneTimeoutMs: number;
    readonly greetingCompletionTimeoutMs: number;
  };
};

export type DialStrategy = 'simring' | 'hunt' | 'stagger';

export type DialVerb = Named<'dial'> & {
  /** Duplicates removed. May still be empty or too long: ask `dialFaults`. */
  readonly target: readonly Target[];
  readonly actionHook: Hook | undefined;
  readonly amd: AmdOptions | undefined;
  readonly anchorMedia: boolean;
  readonly answerOnBridge: boolean;
  /** Decibels; 0 where it was left out, NaN where it is no level. */
  readonly boostAudioSignal: number;
  readonly callerId: string | undefined;
  readonly callerName: string | undefined;
  readonly codecs: readonly string[] | undefined;
  readonly confirmHook: Hook | undefined;
  /** Seconds an answered callee may spend in its confirm application. */
  readonly confirmTimeout: number;
  readonly dialMusic: string | undefined;
  readonly dtmfCapture: { readonly childCall: readonly string[]; readonly parentCall: readonly string[] } | undefined;
  readonly dtmfHook: Hook | undefined;
  readonly dtmfSuppress: boolean;
  readonly dub: readonly DubVerb[];
  readonly exitMediaPath: boolean | 'strict';
  readonly forwardPAI: boolean;
  readonly headers: Headers;
  readonly listen: ListenOptions | undefined;
  readonly onHoldHook: Hook | undefined;
  readonly proxy: string | undefined;
  readonly referHook: Hook | undefined;
  readonly srtpEncryption: 'sdes' | 'dtls' | undefined;
  readonly strategy: DialStrategy;
  /** customerData of the child calls. */
  readonly tag: JsonObject | undefined;
  /** Seconds of talk; undefined: no limit. */
  readonly timeLimit: number | undefined;
  /** Seconds of ringing. */
  readonly timeout: number;
  readonly transcribe: TranscribeOptions | undefined;
};

export type AnswerVerb = Named<'answer'>;
export type AlertVerb = Named<'alert'> & { readonly message: string };
export type ListenVerb = Named<'listen'> & ListenOptions;
export type PauseVerb = Named<'pause'> & { /** Seconds. */ readonly length: number };
export type HangupVerb = Named<'hangup'> & { readonly headers: Headers };
export type RedirectVerb = Named<'redirect'> & { readonly actionHook: Hook; readonly statusHook: Hook | undefined };
export type TagVerb = Named<'tag'> & { readonly data: JsonObject };
export type SipDeclineVerb = Named<'sip:decline'> & {
  readonly status: number;
  readonly reason: string | undefined;
  readonly headers: Headers;
};
export type PlayVerb = Named<'play'> & {
  readonly url: readonly string[];
  /** How often; 'forever' until stopped. */
  readonly loop: number | 'forever';
  readonly earlyMedia: boolean;
  /** Samples at 8 kHz. */
  readonly seekOffset: number;
  readonly timeoutSecs: number | undefined;
  readonly actionHook: Hook | undefined;
};

export type DtmfVerb = Named<'dtmf'> & {
  /** 0-9 * # A-D, and w and W, which wait half a second and a second. */
  readonly dtmf: string;
  /** How long each key is down, ms. */
  readonly duration: number;
};

export type ConfigVerb = Named<'config'> & ConfigParts;

export type DubVerb = Named<'dub'> & {
  readonly action: 'addTrack' | 'removeTrack' | 'silenceTrack' | 'playOnTrack' | 'sayOnTrack';
  readonly track: string;
  /** A URL as `play` takes it. */
  readonly play: string | undefined;
  readonly say: SayVerb | undefined;
  readonly loop: number | 'forever';
  /** dB; NaN where it was no level. */
  readonly gain: number;
};

export type GatherVerb = Named<'gather'> & {
  readonly input: readonly ('digits' | 'speech')[];
  readonly actionHook: Hook | undefined;
  /** Any of these keys ends the input and is not part of it; empty: none does. */
  readonly finishOnKey: string;
  readonly minDigits: number;
  /** This many end the input. */
  readonly maxDigits: number;
  /** Seconds between two keys; undefined: `timeout` counts again from each key. */
  readonly interDigitTimeout: number | undefined;
  /** Seconds without input, from the end of the prompt; undefined: no limit. */
  readonly timeout: number | undefined;
  /** The first key ends the prompt. */
  readonly dtmfBargein: boolean;
  /** Speech ends the prompt, from so many words on. */
  readonly bargein: boolean;
  readonly minBargeinWordCount: number;
  /** What is said before the prompt is over counts. */
  readonly listenDuringPrompt: boolean;
  /** Seconds of quiet that end what is said; undefined: the first final result does. */
  readonly speechTimeout: number | undefined;
  /** Told of what is heard while the speaker goes on. */
  readonly partialResultHook: Hook | undefined;
  readonly recognizer: JsonObject | undefined;
  /** The prompt: what is said, then what is played. */
  readonly say: SayVerb | undefined;
  readonly play: PlayVerb | undefined;
} & Waiting;

export type SayVerb = Named<'say'> & {
  /** Said one after the other: plain, SSML, or `silence_stream://ms`. */
  readonly text: readonly string[];
  readonly loop: number | 'forever';
  readonly earlyMedia: boolean;
  readonly synthesizer: JsonObject | undefined;
  readonly instructions: string | undefined;
  readonly disableTtsCache: boolean;
};

export type SipReferVerb = Named<'sip:refer'> & {
  /** A URI, a number, or user@host. */
  readonly referTo: string;
  readonly referredBy: string | undefined;
  readonly referredByDisplayName: string | undefined;
  readonly headers: Headers;
  readonly actionHook: Hook | undefined;
  /** Told of every step of the other call. */
  readonly eventHook: Hook | undefined;
};
export type SipRequestVerb = Named<'sip:request'> & {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly body: string | undefined;
  readonly headers: Headers;
  readonly actionHook: Hook | undefined;
};

export type TranscribeVerb = Named<'transcribe'> & TranscribeOptions;

/** Verbs whose options are checked but not yet typed one by one. */
export const otherVerbNames = [
  'agent',
  'conference',
  'dequeue',
  'dialogflow',
  'enqueue',
  'leave',
  'lex',
  'llm',
  'message',
  'rasa',
  'transfer',
] as const;
export type OtherVerbName = (typeof otherVerbNames)[number];
export type OtherVerb = Named<OtherVerbName> & { /** As documented, aliases kept. */ readonly options: JsonObject };

export type Verb =
  | AlertVerb
  | AnswerVerb
  | ConfigVerb
  | DialVerb
  | DtmfVerb
  | DubVerb
  | GatherVerb
  | HangupVerb
  | ListenVerb
  | OtherVerb
  | PauseVerb
  | PlayVerb
  | RedirectVerb
  | SayVerb
  | SipDeclineVerb
  | SipReferVerb
  | SipRequestVerb
  | TagVerb
  | TranscribeVerb;

/** One thing wrong with a document. */
export type SchemaFault = {
  /** JSON path of the value: `[0].target[1].number`. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
};

/** A rule that a well-formed dial breaks. */
export type DialFault = {
  /** Where, member by member: `['target', 0, 'number']`. */
  readonly at: readonly (string | number)[];
  readonly expected: string;
  readonly got: string;
};
