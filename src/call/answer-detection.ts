/** Finds out who answered a leg and tells the application's hook, one request an event, in order. */
import type { DetectOptions, Detection, HookTarget } from '../ports/index.ts';
import { amdBody, isVerdict, type Words } from './amd-hook.ts';
import { AmdWords, type WordFinding, type WordRules } from './amd-words.ts';
import { callInfo } from './call-info.ts';
import { Hearing, type HearingOptions } from './hearing.ts';
import type { Leg } from './leg.ts';
import { isNothing } from './script.ts';
import type { Session } from './session.ts';

export type AmdPlan = {
  readonly hook: HookTarget | undefined;
  readonly limits: DetectOptions;
  /** What words say, where somebody is to listen to them. */
  readonly words: WordRules & { readonly hearing: (session: Session) => HearingOptions | undefined };
};

type Options = {
  readonly session: Session;
  /** Who answered. */
  readonly leg: Leg;
  readonly plan: AmdPlan;
  /** Verbs the hook answered with. */
  readonly answered: (verbs: unknown) => void;
};

export class AnswerDetection {
  /** The first finding that says who answered; undefined when it was stopped, or could not be done. */
  readonly verdict: Promise<Detection | undefined>;
  readonly #options: Options;
  #settle: (found: Detection | undefined) => void = () => {};
  #off: (() => void)[] = [];
  /** The request that is out: the next waits for it, so that the application hears them in order. */
  #telling: Promise<void> = Promise.resolve();
  #words: AmdWords | undefined;
  #hearing: Hearing | undefined;
  #startedAt = 0;
  /** Words have told who speaks, or sound has. */
  #judged = false;

  constructor(options: Options) {
    this.#options = options;
    this.verdict = new Promise((resolve) => (this.#settle = resolve));
    const { leg } = options;
    this.#off = [leg.events.on('detected', (found) => this.#found(found)), leg.events.on('ended', () => this.#over())];
    const endpoint = leg.media?.endpoint;
    if (endpoint === undefined || leg.end !== undefined) {
      this.#failed('the call has no audio');
      return;
    }
    leg.note('amd.started', { ...options.plan.limits });
    this.#startedAt = leg.services.clock.monotonic();
    this.#listenToWords();
    leg.services.studio.detectAnswer(endpoint, options.plan.limits).catch((fault: unknown) => {
      this.#failed(fault instanceof Error ? fault.message : String(fault));
    });
  }

  /** Resolves when the application has heard, and answered, all that was found so far. */
  get told(): Promise<void> {
    return this.#telling;
  }

  /** Nothing more is found or told. */
  stop(): void {
    const { leg } = this.#options;
    if (this.#over() && leg.media !== undefined && leg.end === undefined)
      leg.services.studio.stopDetecting(leg.media.endpoint).catch(() => {});
  }

  #found(found: Detection): void {
    const { leg } = this.#options;
    // Sound did not know yet that words had told.
    if (isVerdict(found) && this.#judged) return;
    leg.note('amd.found', { ...found });
    this.#say(found, undefined);
    if (found.event === 'stopped') this.#over();
  }

  #say(found: Detection, hint: string | undefined): void {
    if (isVerdict(found)) {
      this.#judged = true;
      this.#settle(found);
      this.#stopWords();
    }
    this.#tell(amdBody(found, this.#understood(hint)), found);
  }

  /** Words refine and never hold up: sound goes on by itself, and a vendor that fails leaves it alone. */
  #listenToWords(): void {
    const { session, leg, plan } = this.#options;
    const hearing = plan.words.hearing(session);
    if (hearing === undefined) return;
    const words = new AmdWords(plan.words);
    this.#words = words;
    this.#hearing = new Hearing(leg, hearing, {
      result: (transcript) => {
        const found = this.#judged ? undefined : words.push(transcript);
        if (found !== undefined) this.#wordsTold(found);
      },
    });
  }

  #wordsTold({ event, reason, confidence, hint }: WordFinding): void {
    const { leg } = this.#options;
    const atMs = Math.round(leg.services.clock.monotonic() - this.#startedAt);
    const found: Detection = { event, reason, confidence, atMs };
    leg.note('amd.found', { ...found, by: 'words' });
    if (leg.media !== undefined) leg.services.studio.knowMachine(leg.media.endpoint).catch(() => {});
    this.#say(found, hint);
  }

  #understood(hint: string | undefined): Words | undefined {
    if (this.#words === undefined) return undefined;
    const { greeting, language } = this.#words;
    return { greeting, language, ...(hint === undefined ? {} : { hint }) };
  }

  #stopWords(): void {
    void this.#hearing?.close();
    this.#hearing = undefined;
  }

  #failed(error: string): void {
    this.#options.leg.note('amd.failed', { error });
    this.#tell({ type: 'amd_error', error }, undefined);
    this.#over();
  }

  #over(): boolean {
    if (this.#off.length === 0) return false;
    for (const off of this.#off.splice(0)) off();
    this.#stopWords();
    this.#settle(undefined);
    return true;
  }

  #tell(body: Record<string, unknown>, found: Detection | undefined): void {
    const { session, leg, plan, answered } = this.#options;
    if (plan.hook === undefined) return;
    const { hook } = plan;
    const child = leg === session.caller ? {} : { dial_call_sid: leg.callSid };
    this.#telling = this.#telling.then(async () => {
      const payload = { ...callInfo(session.caller), ...child, ...body };
      const answer = await session.link.request(hook, 'verb:hook', payload);
      if (!answer.ok || found === undefined || isNothing(answer.body)) return;
      answered(answer.body);
    });
  }
}

/** Runs what an amd hook answered in the place of the application that runs. */
export function replaceApplication(session: Session, verbs: unknown): void {
  const replaced = session.script.replace(verbs);
  if (replaced.ok || session.caller.end !== undefined) return;
  session.services.alerts.raise({
    accountSid: session.accountSid,
    callSid: session.caller.callSid,
    type: 'invalid-app-payload',
    message: `the amd hook's answer: ${replaced.faults[0] ?? 'not valid'}`,
    detail: replaced.faults.join('\n'),
  });
}
