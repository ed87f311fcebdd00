/** confirmHook: call screening. A callee that answers runs an application of its own before it is connected; several may
 * do so at once while others still ring. decisions.md confirmHook. */
import { type Timer } from '../../../base/index.ts';
import {
  AnswerDetection,
  answeredElsewhere,
  callInfo,
  type EndCause,
  type Leg,
  type OutboundLeg,
  replaceApplication,
} from '../../../call/index.ts';
import type { HookTarget } from '../../../ports/index.ts';
import type { AmdOptions, DialVerb, Target } from '../../schema/schema.ts';
import { amdPlan } from '../amd.ts';
import type { ScreeningScript, TaskContext } from '../../task.ts';

/** declined: hung up, by the application or the callee. failed: the application could not be had or run. machine, unknown:
 * what the gate found in a person's place. */
export type ConfirmResult = 'accepted' | 'declined' | 'failed' | 'timeout' | 'machine' | 'unknown';

/** What a callee that answers has to pass before it is connected: the gate (`amd`), then the confirm application. */
export type Screen = { readonly hook: HookTarget | undefined; readonly amd: AmdOptions | undefined };

/** Undefined where an answer connects at once. */
export function screenOf(dial: DialVerb, target: Target): Screen | undefined {
  const hook = target.confirmHook ?? dial.confirmHook;
  const amd = dial.amd?.gate === true ? dial.amd : undefined;
  return hook === undefined && amd === undefined ? undefined : { hook, amd };
}

type Screened = {
  script: ScreeningScript | undefined;
  detection?: AnswerDetection;
  readonly timer: Timer;
  readonly off: () => void;
};
/** `at`: ms since the epoch; `monotonic`: the same moment by the clock that never steps. */
export type Verdict = { readonly result: ConfirmResult; readonly at: number; readonly monotonic: number };

const causes: Readonly<Record<Exclude<ConfirmResult, 'accepted'>, EndCause>> = {
  declined: { by: 'script', reason: 'declined by the confirm application' },
  failed: { by: 'error', reason: 'the confirm application failed' },
  timeout: { by: 'timelimit', reason: 'the confirm application took too long' },
  machine: { by: 'script', reason: 'a machine answered' },
  unknown: { by: 'script', reason: 'no person was heard' },
};

type Options = {
  readonly context: TaskContext;
  /** Seconds an application may take. */
  readonly seconds: number;
  readonly accepted: (child: OutboundLeg) => void;
};

export class Screening {
  readonly #options: Options;
  /** Most dials screen nobody: made when one does. */
  #running: Map<OutboundLeg, Screened> | undefined;
  #verdicts: Map<Leg, Verdict> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** How many callees are in their confirm applications. */
  get size(): number {
    return this.#running?.size ?? 0;
  }

  /** What came of a callee's screening; undefined when there was none, or another won meanwhile. */
  verdictOf(leg: Leg): Verdict | undefined {
    return this.#verdicts?.get(leg);
  }

  start(leg: OutboundLeg, screen: Screen): void {
    const { context, seconds } = this.#options;
    const { clock } = context.session.services;
    const label = `call ${leg.callSid} confirm limit`;
    const timer = clock.after(seconds * 1000, label, () => this.#decide(leg, 'timeout'));
    const off = leg.events.on('ended', () => this.#decide(leg, 'declined'));
    this.#running ??= new Map();
    this.#running.set(leg, { script: undefined, timer, off });
    leg.note('confirm.started', {});
    this.#run(leg, screen).catch((fault: unknown) => {
      context.session.services.log.error({ callSid: leg.callSid, fault }, 'a confirm application failed');
      this.#decide(leg, 'failed');
    });
  }

  /** Ends every screening; callees other than the winner are hung up, as answered elsewhere if there is one. */
  drop(except: Leg | undefined): void {
    for (const leg of this.#running?.keys() ?? []) {
      this.#leave(leg);
      if (except === undefined) leg.hangup({ by: 'caller', reason: 'the caller gave up' });
      else if (leg !== except)
        leg.hangup({ by: 'server', reason: 'answered elsewhere' }, { reason: answeredElsewhere });
    }
  }

  async #run(leg: OutboundLeg, { hook, amd }: Screen): Promise<void> {
    const { context } = this.#options;
    if (amd !== undefined && !(await this.#passes(leg, amd))) return;
    if (hook === undefined) return this.#decide(leg, 'accepted');
    const answer = await context.session.link.request(hook, 'dial:confirm', callInfo(leg));
    const screened = this.#running?.get(leg);
    if (screened === undefined) return;
    if (!answer.ok) return this.#decide(leg, 'failed');
    screened.script = context.screen(leg);
    const outcome = await screened.script.run(answer.body ?? []);
    this.#decide(leg, outcome === 'done' ? 'accepted' : 'failed');
  }

  /** The gate: true for a person. Anything else is hung up, unless the application answered with verbs for it. */
  async #passes(leg: OutboundLeg, amd: AmdOptions): Promise<boolean> {
    const { session } = this.#options.context;
    const screened = this.#running?.get(leg);
    if (screened === undefined) return false;
    let human = false;
    const answered = (verbs: unknown): void => {
      if (human) replaceApplication(session, verbs);
      else this.#tellMachine(leg, verbs);
    };
    const detection = new AnswerDetection({ session, leg, plan: amdPlan(amd), answered });
    screened.detection = detection;
    const verdict = await detection.verdict;
    human = verdict?.event === 'human';
    if (human) return this.#running?.has(leg) === true;
    await detection.told;
    if (screened.script !== undefined) return false;
    if (verdict === undefined) this.#decide(leg, 'failed');
    else this.#decide(leg, verdict.event === 'no-speech' || verdict.event === 'unknown' ? 'unknown' : 'machine');
    return false;
  }

  /** What the application wants said to the machine; a later answer replaces it. */
  #tellMachine(leg: OutboundLeg, verbs: unknown): void {
    const screened = this.#running?.get(leg);
    if (screened === undefined) return;
    if (screened.script !== undefined) return void screened.script.replace(verbs);
    const script = this.#options.context.screen(leg);
    screened.script = script;
    void script.run(verbs).then(() => this.#decide(leg, 'machine'));
  }

  /** The first verdict counts; what comes after it changes nothing. */
  #decide(leg: OutboundLeg, result: ConfirmResult): void {
    const screened = this.#running?.get(leg);
    if (screened === undefined) return;
    this.#leave(leg);
    const { clock } = leg.services;
    this.#verdicts ??= new Map();
    this.#verdicts.set(leg, { result, at: clock.now(), monotonic: clock.monotonic() });
    leg.note('confirm.ended', { result });
    if (result === 'accepted') return this.#options.accepted(leg);
    screened.detection?.stop();
    leg.hangup(causes[result]);
  }

  #leave(leg: OutboundLeg): void {
    const screened = this.#running?.get(leg);
    this.#running?.delete(leg);
    screened?.timer.cancel();
    screened?.off();
    screened?.script?.stop();
  }
}
