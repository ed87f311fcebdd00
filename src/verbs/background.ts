/** What goes on beside the verbs of an application until it ends: set by `config`. */
import { callInfo, type Leg, type Session } from '../call/index.ts';
import type { HookAnswer, HookRef } from '../ports/index.ts';
import { type Application, BargeInWatch } from './barge-in.ts';
import { takeReferrals } from './lone-referral.ts';
import type { AmdOptions, BargeIn, ConfigVerb, ListenOptions, TranscribeOptions, Waiting } from './schema/schema.ts';
import { askHook, type Outcome, outcomeOf, type TaskContext } from './task.ts';
import { detectAnswer } from './tasks/amd.ts';
import { ListenRun } from './tasks/listen-run.ts';
import { Transcription } from './tasks/transcription.ts';
import { type Heard, WaitingTime } from './waiting.ts';
import { whenAnswered, whenAudible } from './when.ts';

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
  #bargeIn: BargeInWatch | undefined;
  #stopRequests: (() => void) | undefined;
  #stopWriting: (() => void) | undefined;
  #stopDetecting: (() => void) | undefined;
  #stopReferrals: (() => void) | undefined;

  #waiting: WaitingTime | undefined;
  #heard: Heard = { filler: undefined, delay: undefined };

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
    this.#bargeIn?.stop();
    this.#bargeIn = options === 'off' ? undefined : new BargeInWatch(context, options, this.#application);
  }

  /** Another verb runs now, or none. */
  follow(): void {
    this.#bargeIn?.follow();
  }

  /** What is heard from now on while a verb's hook is waited for. */
  fillWaiting({ fillerNoise, actionHookDelayAction }: Waiting): void {
    const { filler, delay } = this.#heard;
    this.#heard = { filler: chosen(fillerNoise, filler), delay: chosen(actionHookDelayAction, delay) };
  }

  /** Asks the hook that ends a verb, and lets the caller hear meanwhile what `own`, else `config`, says. */
  async whileAsked(
    context: TaskContext,
    own: Partial<Waiting>,
    ask: (patienceMs: number | undefined) => Promise<HookAnswer>,
  ): Promise<Outcome> {
    const delay = chosen(own.actionHookDelayAction, this.#heard.delay);
    const filler = chosen(own.fillerNoise, this.#heard.filler);
    const patience = delay?.noResponseGiveUpTimeout;
    const asked = ask(patience === undefined ? undefined : (patience + 1) * 1000);
    if (delay === undefined && filler === undefined) return outcomeOf(await asked);
    const url = filler?.url ?? this.#heard.filler?.url;
    this.#waiting = new WaitingTime(context, { filler: filler && { ...filler, url }, delay });
    return this.#waiting.until(asked).finally(() => (this.#waiting = undefined));
  }

  /** The hook that is waited for does not matter any more. */
  hush(): void {
    this.#waiting?.stop();
  }

  takeRequests(context: TaskContext, hook: HookRef): void {
    this.#stopRequests?.();
    this.requestHook = hook;
    const { session, caller } = context;
    this.#stopRequests = watchRequests(session, caller, { hook, answered: (body) => this.#application.replace(body) });
  }

  stop(): void {
    this.hush();
    this.#stopListening?.();
    this.#bargeIn?.stop();
    this.#stopRequests?.();
    this.#stopWriting?.();
    this.#stopDetecting?.();
    this.#stopReferrals?.();
  }
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

/** What a verb says of itself goes before what `config` set. */
function chosen<T>(own: T | 'off' | undefined, set: T | undefined): T | undefined {
  return own === 'off' ? undefined : (own ?? set);
}
