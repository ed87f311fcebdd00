/** What goes on beside the verbs of an application until it ends: set by `config`. */
import type { Timer } from '../base/index.ts';
import { callInfo, type Leg, type Session } from '../call/index.ts';
import type { HookRef } from '../ports/index.ts';
import { takeReferrals } from './lone-referral.ts';
import type { AmdOptions, BargeIn, ConfigVerb, ListenOptions, TranscribeOptions } from './schema/schema.ts';
import { askHook, type TaskContext } from './task.ts';
import { detectAnswer } from './tasks/amd.ts';
import { KeyInput } from './tasks/key-input.ts';
import { ListenRun } from './tasks/listen-run.ts';
import { Transcription } from './tasks/transcription.ts';

type Application = {
  /** The verb that runs now. */
  readonly verb: () => string | undefined;
  /** Ends it early. */
  readonly interrupt: () => void;
  readonly replace: (document: unknown) => void;
};

/** These take keys themselves. */
const takesKeys: ReadonlySet<string | undefined> = new Set(['gather', 'dial']);
const interruptible: ReadonlySet<string | undefined> = new Set(['say', 'play']);
const bodyLimit = 65_536;

export class Background {
  readonly #application: Application;
  /** All that `config` set, in one: for a process that carries the call on. */
  settings: ConfigVerb | undefined;
  /** verb:status to a WebSocket application. */
  notifyEvents = false;
  /** Asked about requests inside the dialog. */
  requestHook: HookRef | undefined;
  /** Asked about a REFER of the caller where the dial has no hook of its own. */
  referHook: HookRef | undefined;
  /** What the other party of a dial hears while one holds, where the dial has no hook for it: a URL. */
  onHoldMusic: string | undefined;
  #stopListening: (() => void) | undefined;
  #stopKeys: (() => void) | undefined;
  #stopRequests: (() => void) | undefined;
  #stopWriting: (() => void) | undefined;
  #stopDetecting: (() => void) | undefined;
  #stopReferrals: (() => void) | undefined;

  constructor(application: Application) {
    this.#application = application;
  }

  /** Replaces what listened before; `off`: nothing does. */
  listen(context: TaskContext, options: ListenOptions | 'off'): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    if (options === 'off') return;
    this.#stopListening = whenAudible(context.caller, () => {
      const run = new ListenRun(context, options, { leg: context.caller, described: context.caller });
      void run.run().then(() => {
        // The verbs go on: what this hook answers is not run.
        if (options.actionHook !== undefined) void askHook(context, options.actionHook, run.result(), undefined);
      });
      return () => run.stop();
    });
  }

  /** What the caller says, to the end of the call. Replaces what wrote down before. */
  transcribe({ session, caller }: TaskContext, options: TranscribeOptions | 'off'): void {
    this.#stopWriting?.();
    this.#stopWriting = undefined;
    if (options === 'off' || (options.transcriptionHook ?? options.translationHook) === undefined) return;
    this.#stopWriting = whenAudible(caller, () => {
      const sides = [{ leg: caller, channel: 1 }] as const;
      const transcription = new Transcription(session, { ...options, id: undefined }, sides);
      return () => void transcription.close();
    });
  }

  /** Who answered this call. */
  detect({ session, caller }: TaskContext, options: AmdOptions): void {
    this.#stopDetecting?.();
    this.#stopDetecting = whenAnswered(caller, () => {
      const detection = detectAnswer(session, caller, options);
      return () => detection.stop();
    });
  }

  /** What of it needs the media of a dial here. */
  get anchor(): string | undefined {
    if (this.#stopListening !== undefined) return 'config.listen';
    if (this.#stopWriting !== undefined) return 'config.transcribe';
    return this.onHoldMusic === undefined ? undefined : 'config.onHoldMusic';
  }

  /** A REFER of the caller. One that is being screened belongs to the dial that rang it. */
  takeReferrals({ session, caller }: TaskContext, hook: HookRef): void {
    this.#stopReferrals?.();
    this.referHook = hook;
    if (caller === session.caller) this.#stopReferrals = takeReferrals(session, caller, hook).stop;
  }

  bargeIn(context: TaskContext, options: BargeIn | 'off'): void {
    this.#stopKeys?.();
    this.#stopKeys = undefined;
    if (options !== 'off') this.#stopKeys = this.#takeKeys(context, options);
  }

  takeRequests(context: TaskContext, hook: HookRef): void {
    this.#stopRequests?.();
    this.requestHook = hook;
    const { session, caller } = context;
    this.#stopRequests = watchRequests(session, caller, { hook, answered: (body) => this.#application.replace(body) });
  }

  stop(): void {
    this.#stopListening?.();
    this.#stopKeys?.();
    this.#stopRequests?.();
    this.#stopWriting?.();
    this.#stopDetecting?.();
    this.#stopReferrals?.();
  }

  #takeKeys(context: TaskContext, options: BargeIn): () => void {
    const { caller, session } = context;
    let input = new KeyInput(options);
    let timer: Timer | undefined;
    const stop = (): void => {
      off();
      timer?.cancel();
    };
    const done = (reason: 'dtmfDetected' | 'timeout'): void => {
      const { digits } = input;
      timer?.cancel();
      input = new KeyInput(options);
      if (!options.sticky) stop();
      if (options.actionHook === undefined) return;
      void askHook(context, options.actionHook, { reason, digits }, undefined).then(({ next }) => {
        if (next !== undefined && caller.end === undefined) this.#application.replace(next);
      });
    };
    const off = caller.events.on('digit', (key) => {
      const verb = this.#application.verb();
      if (takesKeys.has(verb)) return;
      if (interruptible.has(verb)) this.#application.interrupt();
      timer?.cancel();
      if (input.press(key) === 'complete') return done('dtmfDetected');
      timer = session.services.clock.after(options.interDigitTimeout * 1000, `call ${caller.callSid} barge-in`, () =>
        done(input.enough ? 'dtmfDetected' : 'timeout'),
      );
    });
    return stop;
  }
}

/** Now, or as soon as the call is answered. The function it returns ends what was begun. */
export function whenAnswered(leg: Leg, begin: () => () => void): () => void {
  if (leg.state === 'in-progress') return begin();
  let stop: (() => void) | undefined;
  const off = leg.events.on('status', (status) => {
    if (status !== 'in-progress') return;
    off();
    stop = begin();
  });
  return () => {
    off();
    stop?.();
  };
}

/** As whenAnswered, but early media will do. */
export function whenAudible(leg: Leg, begin: () => () => void): () => void {
  return leg.state === 'early-media' ? begin() : whenAnswered(leg, begin);
}

/** sipRequestWithinDialogHook: requests of the far end inside the dialog are answered 200 and told. INFO with a key is not
 * among them. */
export function watchRequests(
  session: Session,
  leg: Leg,
  { hook, answered }: { readonly hook: HookRef; readonly answered: (body: unknown) => void },
): () => void {
  const offs = ['INFO', 'MESSAGE', 'NOTIFY'].map((method) =>
    leg.claim(method, (request) => {
      request.reply({ status: 200 });
      const { headers, body } = request.request;
      const told = {
        ...callInfo(leg),
        sip_method: method,
        sip_body: body.subarray(0, bodyLimit).toString('utf8'),
        sip_headers: Object.fromEntries(Array.from(headers.entries(), ([name, value]) => [name.toLowerCase(), value])),
      };
      void session.link.request(hook, 'verb:hook', told).then((answer) => {
        if (answer.ok && answer.body !== undefined && leg.end === undefined) answered(answer.body);
      });
    }),
  );
  return () => offs.forEach((off) => off());
}
