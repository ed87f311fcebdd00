/** Every figure the verdict rests on, in one place; bench/amd fits and checks them (npm run bench:amd). Times in ms. */

export type AmdModel = {
  /** Less voice than this is a cough or a click. */
  readonly leastVoice: number;
  /** Nobody who answers in person talks on as long. */
  readonly longGreeting: number;
  /** A greeting that is long and late is an announcement, which is connected first and then played: length plus `lateWeight`
   * times the silence before it. Counted only from `lateLeast` of greeting: a late "hello?" is a person's. */
  readonly lateGreeting: number;
  readonly lateWeight: number;
  readonly lateLeast: number;
  /** A greeting no longer than this is a person's "hello": its verdict comes after `shortWait`. */
  readonly shortGreeting: number;
  readonly shortWait: number;
  /** Silence after which whoever spoke waits for an answer. Nearly all mailboxes beep sooner. */
  readonly wait: number;
  /** A tone that may be a beep holds the verdict for so long. */
  readonly toneHold: number;
  readonly likelyToneHold: number;
  /** Who said less than `askingGreeting`, waits for `askingPause` and speaks again, asks "hello?". */
  readonly askingPause: number;
  readonly askingGreeting: number;
  /** After a lone beep nobody spoke for so long: a mailbox without greeting. */
  readonly loneBeep: number;
  /** How long a beep is listened for after a person was found: we may be wrong. */
  readonly afterHuman: number;
  /** The greeting ends sooner after a beep. */
  readonly endAfterBeep: number;
  /** A greeting is followed no longer: a radio has no end. */
  readonly longest: number;
  /** Logistic weights of P(machine) by the length of the greeting and the silence before it, s: the confidence told. */
  readonly likelihood: { readonly bias: number; readonly length: number; readonly delay: number };
};

export const amdModel: AmdModel = {
  leastVoice: 120,
  longGreeting: 7000,
  lateGreeting: 9200,
  lateWeight: 3,
  lateLeast: 2800,
  shortGreeting: 600,
  shortWait: 1400,
  wait: 1920,
  toneHold: 400,
  likelyToneHold: 1300,
  askingPause: 1100,
  askingGreeting: 1700,
  loneBeep: 2000,
  afterHuman: 3000,
  endAfterBeep: 1000,
  longest: 120_000,
  likelihood: { bias: -4.41, length: 1.24, delay: 1.62 },
};

/** Defaults of DetectOptions (ports/studio.ts), as jambonz has them. */
export const amdDefaults = { noSpeechMs: 5000, decisionMs: 15_000, toneMs: 20_000, greetingEndMs: 2000 };

/** A delay longer than this says no more: the callee's hand, or the network. */
const LATEST_S = 2.5;

/** P(machine) by what was said, before any beep. Seconds. */
export function likelihood({ likelihood: weights }: AmdModel, length: number, delay: number): number {
  const z = weights.bias + weights.length * length + weights.delay * Math.min(delay, LATEST_S);
  return 1 / (1 + Math.exp(-z));
}
