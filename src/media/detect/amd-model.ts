/** Every figure the verdict rests on, in one place. Fitted and checked by bench/amd (npm run bench:amd). Times in ms. */

/** Defaults of DetectOptions (ports/studio.ts), as jambonz has them. */
export const DEFAULTS = { noSpeechMs: 5000, decisionMs: 15_000, toneMs: 20_000, greetingEndMs: 2000 };
/** After a beep the greeting is over sooner. */
export const END_AFTER_BEEP_MS = 1000;

/** Less voice than this is a cough or a click. */
export const LEAST_VOICE_MS = 120;
/** Nobody who answers in person talks on as long. */
export const LONG_GREETING_MS = 7000;
/** A greeting as short as this is a person's "hello": the verdict waits less for a beep. */
export const SHORT_GREETING_MS = 600;
export const SHORT_WAIT_MS = 1000;
/** Silence after which whoever spoke waits for an answer. Beeps come within 1.8 s of the greeting. */
export const WAIT_MS = 1920;
/** A tone that may be a beep holds the verdict no longer than this. */
export const TONE_HOLD_MS = 400;
/** Who stops for so long has said what he wanted; who then speaks again asks "hello?". */
export const ASKING_PAUSE_MS = 1100;
export const ASKING_GREETING_MS = 2000;
export const LONG_SECOND_MS = 2600;
/** A beep with nothing said before or after it. */
export const LONE_BEEP_MS = 2000;
/** How long a beep is listened for after a person was found: we may be wrong. */
export const AFTER_HUMAN_MS = 3000;
/** A greeting is followed no longer than this: a radio has no end. */
export const LONGEST_MS = 120_000;
