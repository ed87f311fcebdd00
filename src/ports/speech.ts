/** Speech both ways, whoever makes it: a vendor over the network or a program in this process. Nothing here ever throws
 * or waits without end; what goes wrong raises the alert itself (tts-failure, stt-failure, no-tts, no-stt), after the
 * fallback vendor was tried, and comes back as data. */
import type { Emitter } from '../base/index.ts';
import type { Sound } from './media.ts';

/** Which vendor speaks or listens, and how. Empty: the application's, the account's or the server's own choice. */
export type SpeechChoice = {
  /** `flite`, `google`, `custom:name` …; `default` and undefined leave it open. */
  readonly vendor?: string;
  /** Which of several credentials of this vendor. */
  readonly label?: string;
  /** BCP 47. */
  readonly language?: string;
};

export type VoiceChoice = SpeechChoice & {
  readonly voice?: string;
  readonly gender?: string;
  /** Vendor's own word: `neural`, a model name. */
  readonly engine?: string;
  /** Vendor's own options, passed through. */
  readonly options?: Readonly<Record<string, unknown>>;
};

/** Whose call it is: for credentials and alerts. */
export type SpeechOwner = { readonly accountSid: string; readonly callSid: string };

export type SynthesisRequest = SpeechOwner & {
  /** Plain, or SSML when it begins with `<speak`. */
  readonly text: string;
  readonly voice: VoiceChoice;
  /** Tried when the first cannot. */
  readonly fallback?: VoiceChoice;
  /** Neither read from nor kept in the cache. */
  readonly fresh?: boolean;
};

export type Synthesis =
  | {
      readonly ok: true;
      readonly sound: Extract<Sound, { kind: 'file' }>;
      readonly vendor: string;
      readonly cached: boolean;
    }
  | { readonly ok: false; readonly reason: 'no-voice' | 'failed' | 'stopped'; readonly message: string };

export interface Synthesizer {
  /** Never rejects. The file stays at least a minute. */
  synthesise(request: SynthesisRequest, signal: AbortSignal): Promise<Synthesis>;
}

export type HearingChoice = SpeechChoice & {
  readonly model?: string;
  /** Words to expect, most wanted first. */
  readonly hints?: readonly string[];
  readonly punctuation?: boolean;
  /** Results while the speaker goes on, to be replaced by later ones. */
  readonly interim?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
};

/** Nothing goes to the vendor before somebody speaks. */
export type VoiceGate = {
  /** So long a voice must last to be one, and a pause to be the end of it, ms. */
  readonly voiceMs: number;
  readonly silenceMs: number;
  /** What was said before that goes along, ms. */
  readonly padMs: number;
  /** dB by which a voice stands out from the background. */
  readonly aboveDb: number;
  /** continuous: each time somebody speaks is a stream of its own. one-shot: the first voice opens it for good. */
  readonly strategy: 'continuous' | 'one-shot';
};

export type RecognitionOptions = SpeechOwner & {
  readonly hearing: HearingChoice;
  readonly fallback?: HearingChoice;
  readonly gate?: VoiceGate;
};

/** What was heard. */
export type Transcript = {
  readonly final: boolean;
  /** Best first; at least one. Confidence 0 to 1. */
  readonly alternatives: readonly { readonly transcript: string; readonly confidence: number }[];
  readonly language: string;
  readonly vendor: string;
};

/** One stream of speech being heard. It ends by close() or by `failed`. */
export interface Recognition {
  readonly events: Emitter<{
    result: [transcript: Transcript];
    /** Speech began, before any word of it is known. */
    speaking: [];
    /** Neither the vendor nor its fallback can go on; the alert was raised. */
    failed: [message: string];
  }>;
  /** Hz of what write() takes. */
  readonly rate: 8000 | 16_000;
  /** Mono. Bounded: what a slow vendor does not take in time is dropped, oldest first. */
  write(pcm: Int16Array): void;
  /** Asks for what is still unsaid (a final result, shortly), then ends. Idempotent. */
  close(): Promise<void>;
}

export interface Recogniser {
  /** The configuration names who hears for those that name nobody, and this account may use it. */
  hearsUnasked(accountSid: string): boolean;
  /** Never rejects; what cannot open fails by its `failed` event, after the caller could subscribe. */
  open(options: RecognitionOptions): Recognition;
}

/** Which vendor translates; empty: the server's own choice. */
export type TranslationChoice = { readonly vendor?: string; readonly label?: string };

export type TranslationRequest = SpeechOwner & {
  readonly text: string;
  /** BCP 47. */
  readonly from?: string;
  readonly to: string;
  readonly choice: TranslationChoice;
  /** The alert was raised before. */
  readonly quiet?: boolean;
};
export type Translation =
  | { readonly ok: true; readonly text: string; readonly vendor: string }
  | { readonly ok: false; readonly message: string };

export interface Translator {
  /** Whether somebody is configured for it; where not, the alert was raised. */
  canTranslate(owner: SpeechOwner, choice: TranslationChoice): boolean;
  /** Never rejects. */
  translate(request: TranslationRequest): Promise<Translation>;
}

export interface Speech extends Synthesizer, Recogniser, Translator {
  stop(): Promise<void>;
}
