/** Runs a call's verbs one after the other, and what their hooks answer in their place. */
import type { Timer } from '../base/index.ts';
import type { Connected, Leg, OwnTask, Script, ScriptSnapshot, Session } from '../call/index.ts';
import { InboundLeg, isNothing } from '../call/index.ts';
import { Background } from './background.ts';
import { takeReferrals } from './lone-referral.ts';
import { type ConfigVerb, describeFaults, parseApplication, unsupported, type Verb } from './schema/schema.ts';
import { ensureAudio, type Task, type TaskContext } from './task.ts';
import { earlyMediaOf, makeTask, needOf } from './tasks/all.ts';
import { ConfigTask } from './tasks/config.ts';
import { type DialFacts, DialTask } from './tasks/dial/dial.ts';
import { DubTask } from './tasks/dub.ts';
import { type Owed, OwedTask } from './tasks/owed.ts';
import { Whisper, whisperVerbs } from './whisper.ts';

/** What a confirm application may not do: the callee is there to be asked, not to call on. decisions.md confirmHook. */
const notWhileScreened: ReadonlySet<string> = new Set(['dial', 'answer', 'sip:decline']);

/** A WebSocket application that stays silent may keep an unanswered caller waiting so long, ms: after a dial that failed
 * (nobody listens to dead air), and otherwise. */
const silence = { afterDial: 5000, unanswered: 60_000 };

const mostWaiting = 1000;

type CarriedScript = {
  readonly verb: Verb | undefined;
  readonly dial: DialFacts | undefined;
  readonly owed?: Owed;
  readonly rest: readonly Verb[];
  readonly background: ConfigVerb | undefined;
};

type Replaced = { ok: true } | { ok: false; faults: readonly string[] };

export class Interpreter implements Script {
  readonly #context: TaskContext;
  #queue: Verb[] = [];
  #task: Task | undefined;
  /** What runs now. */
  #verb: Verb | undefined;
  /** broken: a screened callee is not connected past a hook or document that failed. */
  #phase: 'idle' | 'running' | 'broken' | 'stopped' = 'idle';
  /** Grows with every replacement: what an older verb's hook answers is then ignored. */
  #generation = 0;
  readonly #screening: boolean;
  readonly #background: Background;
  /** Verbs that came before the first document was run. */
  #early: { verbs: Verb[]; replaces: boolean } = { verbs: [], replaces: false };
  #wake: () => void = () => {};
  #whisper: Whisper | undefined;
  /** What Graine itself does in the place of verbs. */
  #own: { readonly name: string; readonly task: OwnTask } | undefined;

  /** `callee`: the verbs are the confirm application of that leg. */
  constructor(session: Session, callee?: Leg) {
    const screen = (leg: Leg) => new Interpreter(session, leg);
    this.#background = new Background({
      verb: () => this.#own?.name ?? this.#verb?.verb,
      interrupt: () => this.#task?.stop(),
      replace: (document) => this.#interject(document),
    });
    this.#context = { session, caller: callee ?? session.caller, screen, background: this.#background };
    this.#screening = callee !== undefined;
  }

  async run(payload: unknown): Promise<'done' | 'invalid'> {
    const verbs = this.#screening && isNothing(payload) ? [] : this.#read(payload);
    if (verbs === undefined) return 'invalid';
    this.#queue = this.#early.replaces ? this.#early.verbs : [...verbs, ...this.#early.verbs];
    this.#phase = 'running';
    if (!this.#screening) this.#placedWith();
    return this.#goOn();
  }

  async carryOn(from: ScriptSnapshot, connected: Connected | undefined): Promise<'done' | 'invalid'> {
    // It was checked when it came; what is kept is what was made of it.
    const { verb, dial, owed, rest, background } = from as CarriedScript;
    this.#queue = [...rest];
    this.#phase = 'running';
    if (background !== undefined) await new ConfigTask(this.#context, background).run();
    if (verb?.verb === 'dial' && dial !== undefined && connected !== undefined)
      await this.#resume(verb, new DialTask(this.#context, verb, { ...connected, facts: dial }));
    else if (owed !== undefined) await this.#resume(owed.verb, new OwedTask(this.#context, owed));
    else {
      if (verb !== undefined) this.#queue.unshift(verb);
      this.#takeEarly();
    }
    return this.#goOn();
  }

  /** What another process had begun. An application that was quicker than this has the last word. */
  async #resume(verb: Verb, task: Task): Promise<void> {
    const performing = this.#performWhole(verb, task);
    this.#takeEarly();
    await performing;
  }

  /** Verbs that came while this was being taken over. */
  #takeEarly(): void {
    const { verbs, replaces } = this.#early;
    this.#early = { verbs: [], replaces: false };
    if (replaces) this.#instead(verbs);
    else this.#queue.push(...verbs);
  }

  snapshot(): ScriptSnapshot | undefined {
    // Two calls that were joined have no verb to begin anew.
    if (!this.#running || this.#own !== undefined) return undefined;
    const standing = this.#task?.standing?.() ?? 'anew';
    const owed =
      typeof standing === 'object' && 'owed' in standing ? { ...standing.owed, verb: this.#verb } : undefined;
    return {
      verb: standing === 'over' || owed !== undefined ? undefined : this.#verb,
      dial: typeof standing === 'object' && 'connected' in standing ? standing.connected : undefined,
      owed,
      rest: this.#queue,
      background: this.#background.settings,
    };
  }

  check(payload: unknown): readonly string[] {
    const parsed = parseApplication(payload);
    return parsed.ok
      ? unsupported(parsed.verbs).map((each) => `${each.path}: this version cannot run it yet`)
      : parsed.faults.map((fault) => describeFaults([fault]));
  }

  replace(payload: unknown): Replaced {
    const verbs = this.#checked(payload);
    if (!Array.isArray(verbs)) return verbs;
    if (this.#phase === 'idle') {
      this.#early = { verbs, replaces: true };
      return { ok: true };
    }
    this.#instead(verbs);
    return { ok: true };
  }

  interpose(name: string, task: OwnTask): void {
    if (this.#phase === 'stopped' || this.#phase === 'broken') return task.stop();
    this.#instead([]);
    this.#early = { verbs: [], replaces: true };
    this.#own = { name, task };
  }

  get anchor(): string | undefined {
    return this.#background.anchor;
  }

  append(payload: unknown): Replaced {
    const verbs = this.#checked(payload);
    if (!Array.isArray(verbs)) return verbs;
    if (this.#phase === 'idle') this.#early.verbs.push(...verbs);
    else this.#queue.push(...verbs);
    this.#wake();
    return { ok: true };
  }

  async beside(leg: Leg, verb: unknown): Promise<Replaced> {
    const parsed = parseApplication([verb]);
    const [given] = parsed.ok ? parsed.verbs : [];
    const faults = this.check([verb]).map((fault) => fault.replace(/^\[0\]/, namedIn(verb)));
    if (faults.length > 0) return { ok: false, faults };
    if (given?.verb === 'dub') {
      const refused = await new DubTask({ ...this.#context, caller: leg }, given).begin();
      return refused.length === 0 ? { ok: true } : { ok: false, faults: refused };
    }
    if (given?.verb !== 'config') return { ok: false, faults: ['only dub and config run beside an application'] };
    if (leg !== this.#context.caller)
      return { ok: false, faults: ['config: is for the call that runs the application'] };
    if (!(await this.#ready(given))) return { ok: false, faults: ['config: earlyMedia needs a call that has audio'] };
    await new ConfigTask(this.#context, given).run();
    return { ok: true };
  }

  whisper(leg: Leg, payload: unknown): Replaced {
    if (this.#whisper !== undefined) return { ok: false, faults: ['one whisper is still being heard'] };
    const read = whisperVerbs(payload);
    if (!read.ok) return read;
    const whisper = new Whisper({ ...this.#context, caller: leg }, read.verbs);
    this.#whisper = whisper;
    void whisper.run().finally(() => (this.#whisper = undefined));
    return { ok: true };
  }

  wake(): void {
    this.#wake();
  }

  stop(): void {
    if (this.#phase === 'stopped') return;
    this.#phase = 'stopped';
    this.#background.stop();
    this.#task?.stop();
    this.#dropOwn();
    this.#wake();
  }

  dump(): { verb: string | undefined; waiting: number } {
    return { verb: this.#own?.name ?? this.#verb?.verb, waiting: this.#queue.length };
  }

  get #running(): boolean {
    return this.#phase === 'running';
  }

  #checked(payload: unknown): Verb[] | Extract<Replaced, { ok: false }> {
    const faults = this.check(payload);
    if (faults.length > 0) return { ok: false, faults };
    if (this.#phase === 'stopped') return { ok: false, faults: ['the application has ended'] };
    const parsed = parseApplication(payload);
    const verbs = parsed.ok ? parsed.verbs : [];
    const most = mostWaiting - this.#queue.length - this.#early.verbs.length;
    return verbs.length <= most ? verbs : { ok: false, faults: [`more than ${mostWaiting} verbs wait`] };
  }

  /** The verbs have run out. A WebSocket application stays in control, so what it sends next is waited for; false: nothing
   * will come. */
  async #more(): Promise<boolean> {
    const { session, caller } = this.#context;
    // A confirm application that has run out has accepted.
    if (this.#screening || !session.link.waits) return false;
    caller.note('application.awaited', {});
    let timer: Timer | undefined;
    const came = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true);
      if (!(caller instanceof InboundLeg) || !caller.unanswered) return;
      const ms = session.dialFailure === undefined ? silence.unanswered : silence.afterDial;
      timer = session.services.clock.after(ms, `call ${caller.callSid} silent application`, () => resolve(false));
    });
    this.#wake = () => {};
    timer?.cancel();
    return came;
  }

  /** Verb after verb, until none is left and none will come. */
  async #goOn(): Promise<'done' | 'invalid'> {
    while (this.#running) {
      const verb = this.#own === undefined ? this.#queue.shift() : undefined;
      if (this.#own !== undefined) await this.#performOwn(this.#own);
      else if (verb !== undefined) await this.#performWhole(verb);
      else if (!(await this.#more())) break;
    }
    return this.#conclude();
  }

  async #performWhole(verb: Verb, carried?: Task): Promise<void> {
    await this.#perform(verb, carried);
    const { session } = this.#context;
    // What its hook has answered need not be asked again.
    if (verb.verb === 'dial') session.services.standing.rewrite(session);
  }

  /** `carried`: another process had begun it. */
  async #perform(verb: Verb, carried?: Task): Promise<void> {
    const generation = this.#generation;
    const { caller, session } = this.#context;
    this.#verb = verb;
    this.#background.follow();
    if (carried === undefined && !(await this.#ready(verb))) return;
    if (!this.#running || generation !== this.#generation) return;
    caller.note('verb.started', { verb: verb.verb, id: verb.id });
    if (carried === undefined) this.#tell('starting', verb);
    this.#task = carried ?? makeTask(this.#context, verb);
    session.services.standing.touch(session);
    const { next, hookFailed } = await this.#task.run();
    this.#task = undefined;
    this.#verb = undefined;
    this.#background.follow();
    caller.note('verb.finished', { verb: verb.verb, id: verb.id });
    this.#tell('finished', verb);
    if (hookFailed === true) this.#breakOff();
    if (next === undefined || !this.#running || generation !== this.#generation) return;
    if (isNothing(next)) return;
    const verbs = this.#read(next);
    if (verbs !== undefined) this.#queue = verbs;
    else this.#breakOff();
  }

  /** The hooks that came with the call. */
  #placedWith(): void {
    const { refer, request } = this.#context.session.hooks;
    if (refer !== undefined) this.#background.takeReferrals(this.#context, refer);
    if (request !== undefined) this.#background.takeRequests(this.#context, request);
  }

  /** config.notifyEvents: a WebSocket application follows its verbs. reference.md 3.3. */
  #tell(event: 'starting' | 'finished', { verb, id }: Verb): void {
    const { session, caller } = this.#context;
    if (!this.#background.notifyEvents || !session.link.takesStatus) return;
    session.link.notify('', 'verb:status', { call_sid: caller.callSid, event, id, verb, name: verb });
  }

  /** What a hook beside the verbs answers takes their place. */
  #interject(document: unknown): void {
    if (isNothing(document) || !this.#running) return;
    const verbs = this.#read(document);
    if (verbs === undefined) return this.#breakOff();
    this.#instead(verbs);
  }

  /** Drops what runs and what waits. */
  #instead(verbs: Verb[]): void {
    this.#queue = verbs;
    this.#generation++;
    this.#task?.stop();
    this.#background.hush();
    this.#dropOwn();
    this.#wake();
  }

  #dropOwn(): void {
    const own = this.#own;
    this.#own = undefined;
    own?.task.stop();
  }

  async #performOwn(own: { readonly name: string; readonly task: OwnTask }): Promise<void> {
    const { session, caller } = this.#context;
    const { referHook } = own.task;
    const referrals = referHook === undefined ? undefined : takeReferrals(session, caller, referHook);
    this.#background.follow();
    await own.task.run();
    referrals?.stop();
    // Who had the other party transferred is told what came of it before it is let go.
    if (this.#own === own) await referrals?.settled();
    if (this.#own === own) this.#own = undefined;
    this.#background.follow();
  }

  #conclude(): 'done' | 'invalid' {
    const outcome = this.#phase === 'broken' ? 'invalid' : 'done';
    this.#phase = 'stopped';
    this.#background.stop();
    return outcome;
  }

  #breakOff(): void {
    if (this.#screening && this.#running) this.#phase = 'broken';
  }

  /** Brings the call into the state the verb needs; false: skip the verb. */
  async #ready(verb: Verb): Promise<boolean> {
    const { caller } = this.#context;
    const unanswered = caller instanceof InboundLeg && caller.unanswered;
    switch (needOf(verb)) {
      case 'nothing':
        return true;
      case 'unanswered':
        if (!unanswered) caller.note('verb.skipped', { verb: verb.verb, why: 'the call was already answered' });
        return unanswered;
      case 'stable':
        if (unanswered) caller.note('verb.skipped', { verb: verb.verb, why: 'the call is not answered' });
        return !unanswered;
      case 'answered':
        return ensureAudio(caller, earlyMediaOf(verb));
    }
  }

  /** Checks a document and raises the alert when it cannot run. */
  #read(payload: unknown): Verb[] | undefined {
    const parsed = parseApplication(payload);
    if (!parsed.ok) {
      this.#refuse(
        'invalid-app-payload',
        parsed.faults.map((fault) => describeFaults([fault])),
      );
      return undefined;
    }
    const forbidden = this.#screening ? parsed.verbs.findIndex((each) => notWhileScreened.has(each.verb)) : -1;
    if (forbidden >= 0) {
      const { verb } = parsed.verbs[forbidden] as Verb;
      this.#refuse('invalid-app-payload', [`[${forbidden}]: ${verb} cannot run in a confirm application`]);
      return undefined;
    }
    const cannot = unsupported(parsed.verbs);
    if (cannot.length > 0) {
      this.#refuse(
        'invalid-app-payload',
        cannot.map((each) => `${each.path}: this version of Graine cannot run it yet`),
      );
      return undefined;
    }
    return parsed.verbs;
  }

  #refuse(type: 'invalid-app-payload', faults: readonly string[]): void {
    const { session, caller } = this.#context;
    const message = faults[0] ?? 'not valid';
    caller.note('application.refused', { faults });
    session.link.complain({ msg: 'InvalidPayload', details: message, faults });
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: caller.callSid,
      type,
      message,
      detail: faults.join('\n'),
    });
  }
}

/** How faults name a verb that came as a command. */
function namedIn(verb: unknown): string {
  return String((verb as { readonly verb?: unknown }).verb);
}
