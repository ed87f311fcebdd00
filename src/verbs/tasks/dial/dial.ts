/** dial: rings the targets, connects the first that answers, and tells the actionHook what came of it. */
import { Machine, type Timer } from '../../../base/index.ts';
import {
  adultWith,
  answeredElsewhere,
  Bridge,
  type EndCause,
  InboundLeg,
  type Leg,
  type MediaPath,
  OutboundLeg,
  type Plan,
} from '../../../call/index.ts';
import { describeDialFault, type DialVerb, dialFaults, type Target } from '../../schema/schema.ts';
import { askNext, type Outcome, type OwedHook, type Task, type TaskContext, type TaskStanding } from '../../task.ts';
import { type Screen, Screening, screenOf } from './confirm.ts';
import { type DialEffect, type DialEnd, type DialEvent, type DialState, dialTable } from './dial-machine.ts';
import { responseToCaller } from './outcome.ts';
import { Features } from './features.ts';
import { entertains } from './hold.ts';
import { type Carried, childrenOf, type DialFacts, factsOf } from './carried.ts';
import { actionBody, type Child, qualityOf, resultOf, wasNeverAsked } from './result.ts';
import { leaveMedia, pathOf } from './media-path.ts';
import { Ringing } from './ringing.ts';
import { ringSeconds, Schedule } from './schedule.ts';
import { codecsOf, displayOf, distinct, hopsLeft, planOf } from './targets.ts';
import { Transfers } from './transfers.ts';

export type { DialFacts } from './carried.ts';

const noPlan: Plan = { mode: 'failover', trunk: '', branches: [] };

export class DialTask implements Task {
  readonly #context: TaskContext;
  readonly #dial: DialVerb;
  readonly #machine: Machine<DialState, DialEvent, DialEffect, undefined>;
  readonly #ringing: Ringing;
  readonly #schedule: Schedule;
  readonly #features: Features;
  readonly #screening: Screening;
  readonly #children: { readonly target: Target; readonly leg: OutboundLeg }[] = [];
  /** What another process had connected before this one took over. */
  readonly #carried: Carried | undefined;
  readonly #ended: Promise<DialEnd>;
  #settle: (end: DialEnd) => void = () => {};
  #ringTimer: Timer | undefined;
  #limitTimer: Timer | undefined;
  #winner: Leg | undefined;
  /** Id of the hook that tells the end, whichever process does. */
  readonly #delivery: string;
  /** The end is being told. */
  #owed: OwedHook | undefined;
  /** When the two began to hear each other, ms since the epoch. */
  #connectedAt: number | undefined;
  #bridge: Bridge | undefined;
  #transfers: Transfers | undefined;
  #path: MediaPath | undefined;
  /** Targets whose plan is still being made, or who are still being launched. */
  #planning = 0;
  /** The highest provisional that was told. */
  #told = 100;

  /** Names of the codecs that callees are offered; empty: all. */
  #codecs: readonly string[] = [];
  /** Why this dial may ring nobody. */
  #refusal: string | undefined;

  constructor(context: TaskContext, asked: DialVerb, carried?: Carried) {
    this.#context = context;
    const dial = distinct(context, asked);
    this.#dial = dial;
    this.#carried = carried;
    this.#delivery = carried?.facts.delivery ?? context.session.services.random.uuid();
    this.#ringing = new Ringing(context, dial);
    this.#features = new Features(context, dial);
    this.#screening = new Screening({
      context,
      seconds: dial.confirmTimeout,
      accepted: (child) => this.#machine.handle({ type: 'accepted', child }),
    });
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
    const { clock } = context.session.services;
    this.#schedule = new Schedule({ clock, dial, label: this.#label(''), launch: (at) => void this.#launch(at) });
    this.#machine = new Machine({
      table: dialTable,
      initial: 'ringing',
      context: undefined,
      perform: (effect) => this.#perform(effect),
    });
  }

  async run(): Promise<Outcome> {
    if (this.#carried !== undefined) this.#resume(this.#carried);
    else if (this.#refused() || !(await this.#readyCaller())) this.#machine.handle({ type: 'refused' });
    else this.#start();
    const end = await this.#ended;
    return this.#report(end);
  }

  standing(): TaskStanding {
    if (this.#owed !== undefined) return { owed: this.#owed };
    if (this.#machine.state === 'ended') return 'over';
    if (this.#machine.state !== 'connected' || this.#winner === undefined) return 'anew';
    const connectedAt = this.#connectedAt ?? 0;
    const facts: DialFacts = { connectedAt, delivery: this.#delivery, children: this.#all().map(factsOf) };
    return { connected: facts };
  }

  #resume({ callee, facts }: Carried): void {
    this.#connectedAt = facts.connectedAt;
    callee.events.on('ended', () => {
      if (callee === this.#winner) this.#machine.handle({ type: 'winnerGone', by: whoEnded(callee) });
    });
    if (callee.end === undefined) this.#machine.handle({ type: 'accepted', child: callee });
    else this.#machine.handle({ type: 'exhausted' });
  }

  /** Every target that was rung, here or by the process before. */
  #all(): Child[] {
    const here = this.#children.map((child) => ({ verdict: this.#screening.verdictOf(child.leg), ...child }));
    return [...childrenOf(this.#carried), ...here];
  }

  stop(): void {
    const gone = this.#context.caller.end;
    // The application moves the caller by REST, as the callee's accepted REFER asked: the callee is told of it, not hung up.
    if (gone === undefined && this.#transfers?.referrer === this.#winner && this.#winner !== undefined)
      this.#machine.handle({ type: 'referred', by: 'callee' });
    this.#machine.handle({ type: 'stop', by: gone === undefined ? 'api' : whoLeft(gone.cause) });
  }

  /** A dial that can ring nobody says so at once; its actionHook still fires. */
  #refused(): boolean {
    const faults = dialFaults(this.#dial).map(describeDialFault);
    if (faults.length === 0) return false;
    const { session, caller } = this.#context;
    this.#refusal = faults[0];
    caller.note('dial.refused', { faults });
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: caller.callSid,
      type: 'dial-refused',
      message: faults[0] ?? 'the dial is not valid',
      detail: faults.join('\n'),
    });
    return true;
  }

  /** Without answerOnBridge the caller is answered as the targets are rung. */
  async #readyCaller(): Promise<boolean> {
    const { caller } = this.#context;
    if (!(caller instanceof InboundLeg) || this.#dial.answerOnBridge) return caller.end === undefined;
    return caller.answer();
  }

  #start(): void {
    if (this.#machine.state !== 'ringing') return;
    const { clock } = this.#context.session.services;
    this.#ringTimer = clock.after(this.#dial.timeout * 1000, this.#label('ring timer'), () =>
      this.#machine.handle({ type: 'ringTimeout', screened: this.#screening.size }),
    );
    this.#codecs = codecsOf(this.#context, this.#dial);
    this.#ringing.start();
    // A target that is refused at once must not hurry the others before they had their turn.
    this.#planning++;
    this.#schedule.start();
    this.#planning--;
    this.#considerExhausted();
  }

  async #launch(at: number): Promise<void> {
    const target = this.#dial.target[at];
    if (target === undefined || this.#machine.state !== 'ringing') return;
    this.#planning++;
    const planned = planOf(this.#context, this.#dial, target);
    const plan = planned instanceof Promise ? await planned : planned;
    this.#planning--;
    if (this.#machine.state !== 'ringing') return;
    const maxForwards = hopsLeft(this.#context.caller);
    const given = 'refused' in plan ? noPlan : plan;
    const leg = this.#child(target, maxForwards === undefined ? given : { maxForwards, ...given });
    if ('refused' in plan) {
      this.#alertNoPlan(plan.refused);
      const { status, sipStatus, reason } = plan.refused;
      leg.finish({ status, sipStatus, sipReason: reason, cause: { by: 'error', reason }, byeHeaders: undefined });
      return;
    }
    this.#limitRinging(leg, at);
    const { caller } = this.#context;
    const prefer = caller instanceof InboundLeg ? caller.codecs : caller.media?.spoken;
    await leg.start(prefer, this.#codecs);
  }

  #child(target: Target, plan: Plan): OutboundLeg {
    const { session, caller } = this.#context;
    const leg = new OutboundLeg(
      session.services,
      {
        callSid: session.services.random.uuid(),
        sessionSid: caller.identity.sessionSid,
        mediaSession: caller.mediaSession,
        accountSid: session.accountSid,
        applicationSid: caller.identity.applicationSid,
        parentCallSid: caller.callSid,
        direction: 'outbound',
        from: this.#dial.callerId ?? caller.identity.from,
        to: displayOf(this.#context, target),
        callerName: this.#dial.callerName ?? '',
        traceId: caller.identity.traceId,
      },
      plan,
    );
    leg.tag = this.#dial.tag;
    leg.callerId = this.#dial.callerId ?? caller.identity.from;
    this.#children.push({ target, leg });
    leg.note('dial.target', { type: target.type, to: leg.identity.to, branches: plan.branches.length });
    session.adopt(leg);
    leg.events.on('status', (status) => this.#childMoved(leg, status, screenOf(this.#dial, target)));
    leg.events.on('ended', () => this.#childEnded(leg));
    leg.early.on('audio', () => void this.#ringing.earlyMedia(leg));
    return leg;
  }

  #limitRinging(leg: OutboundLeg, at: number): void {
    const seconds = ringSeconds(this.#dial, at);
    if (seconds === undefined) return;
    const { clock } = this.#context.session.services;
    const timer = clock.after(seconds * 1000, this.#label(`target ${at} timeout`), () => leg.expire(rangOut));
    const off = leg.events.on('status', (status) => {
      if (status !== 'in-progress' && leg.end === undefined) return;
      timer.cancel();
      off();
    });
  }

  #childMoved(leg: OutboundLeg, status: string, confirm: Screen | undefined): void {
    if (status === 'in-progress') return void this.#machine.handle({ type: 'answered', child: leg, confirm });
    if (this.#machine.state !== 'ringing') return;
    if (status === 'ringing' || status === 'early-media') this.#progress(leg);
    if (status === 'ringing') this.#ringing.rang();
    else if (status === 'early-media' && this.#dial.target.length > 1) this.#ringing.rang();
  }

  /** Who asked for this dial by REFER hears that it rings: each kind of news once. RFC 3515 §2.4.5. */
  #progress({ sipStatus, sipReason }: OutboundLeg): void {
    if (sipStatus <= this.#told) return;
    this.#told = sipStatus;
    this.#context.caller.events.emit('dialled', sipStatus, sipReason);
  }

  #childEnded(leg: OutboundLeg): void {
    if (leg === this.#winner) this.#machine.handle({ type: 'winnerGone', by: whoEnded(leg) });
    else this.#considerExhausted();
  }

  /** Nobody rings: the schedule may have more; else the dial is over, without waiting for its timer. */
  #considerExhausted(): void {
    const { state } = this.#machine;
    if ((state !== 'ringing' && state !== 'screening') || this.#planning > 0) return;
    if (this.#children.some(({ leg }) => leg.end === undefined)) return;
    this.#ringing.silenced();
    if (this.#schedule.waiting > 0) this.#schedule.idle();
    else this.#machine.handle({ type: 'exhausted' });
  }

  #perform(effect: DialEffect): void {
    switch (effect.type) {
      case 'elect':
        return void this.#elect(effect.child);
      case 'screen':
        // One that answers without having rung: the caller hears ringing while the callee is asked.
        this.#ringing.rang();
        return this.#screening.start(effect.child, effect.confirm);
      case 'dropScreened':
        return this.#screening.drop(effect.except);
      case 'surplus':
        return effect.child.hangup({ by: 'server', reason: 'answered elsewhere' }, { reason: answeredElsewhere });
      case 'cancelRinging':
        return this.#cancelRinging(effect.because);
      case 'startTimeLimit':
        return this.#startTimeLimit();
      case 'dropWinner':
        return this.#winner?.hangup(causeOf(effect.end));
      case 'part':
        this.#bridge?.close();
        return this.#path?.close();
      case 'finish':
        return this.#finish(effect.end);
    }
  }

  get #connecting(): boolean {
    return this.#machine.state === 'connecting';
  }

  async #elect(winner: Leg): Promise<void> {
    const { caller, session } = this.#context;
    this.#winner = winner;
    this.#ringTimer?.cancel();
    winner.note('dial.winner', { to: winner.identity.to });
    this.#ringing.stop();
    const answered = !(caller instanceof InboundLeg) || (await caller.answer(winner.media?.spoken));
    if (!answered || !this.#connecting) return void this.#machine.handle({ type: 'bridgeFailed' });
    this.#features.elected(winner);
    const passHold = !entertains(this.#context, this.#dial);
    this.#bridge = new Bridge(caller, winner, { passHold, passDigits: !this.#dial.dtmfSuppress });
    try {
      await this.#bridge.open();
      // Over meanwhile: what is set now nobody would take back.
      if (!this.#connecting) return;
      const path = pathOf(this.#context, this.#dial, winner, this.#carried?.path);
      this.#path = path;
      // Who may not carry the media must not carry a word of it for longer than the far ends need to agree.
      const strict = this.#dial.exitMediaPath === 'strict' && path.state === 'full';
      if (strict && !(await leaveMedia(this.#context, this.#dial, path)))
        return void this.#machine.handle({ type: 'bridgeFailed' });
      if (!this.#connecting) return;
      session.connection = {
        callee: winner,
        path,
        letGo: () => this.#letGo(),
        referHook: this.#dial.referHook,
        replacing: (by) => this.#machine.handle({ type: 'referred', by }),
      };
      this.#connectedAt ??= session.services.clock.now();
      this.#machine.handle({ type: 'bridged' });
      if (!strict && path.state === 'full') void leaveMedia(this.#context, this.#dial, path);
      this.#features.bridged(winner);
      caller.events.emit('dialled', 200, 'OK');
      this.#takeTransfers(winner);
      session.recording.connected(winner);
      session.services.standing.touch(session);
    } catch (fault) {
      caller.note('media.failed', { reason: String(fault) });
      this.#machine.handle({ type: 'bridgeFailed' });
    }
  }

  /** The winner becomes a call of its own; when the caller's REFER asked for that, the caller waits for word of it. */
  #letGo(): void {
    const asked = this.#transfers?.referrer === this.#context.caller;
    this.#machine.handle(asked ? { type: 'referred', by: 'caller' } : { type: 'letGo' });
  }

  #takeTransfers(winner: Leg): void {
    const { caller, session, background } = this.#context;
    const referHook = this.#dial.referHook ?? background.referHook;
    if (referHook === undefined) return;
    this.#transfers = new Transfers(this.#context, referHook, {
      move: (referrer, verbs) => {
        const faults = session.script.check(verbs);
        if (faults.length > 0) return faults;
        const by = referrer === caller ? 'caller' : 'callee';
        this.#machine.handle({ type: 'referred', by });
        if (by === 'caller') return adultWith(session, winner, verbs);
        const replaced = session.script.replace(verbs);
        return replaced.ok ? [] : replaced.faults;
      },
      over: (referrer) => {
        if (referrer === caller) this.#machine.handle({ type: 'settled' });
        // Where nothing was moved the two go on talking.
        else if (this.#machine.state === 'ended') letGo(winner);
      },
    });
    // The session's hook is about the caller: reference.md 1.14.
    this.#transfers.open(caller, winner, this.#dial.referHook === undefined ? 'caller' : 'both');
  }

  #cancelRinging(because: 'elsewhere' | 'timeout' | 'stop'): void {
    this.#schedule.close();
    for (const { leg } of this.#children) {
      if (leg.end !== undefined || leg.state === 'in-progress') continue;
      if (because === 'timeout') leg.expire(rangOut);
      else if (because === 'elsewhere') leg.cancel({ by: 'callee', reason: 'answered elsewhere' }, answeredElsewhere);
      else leg.cancel({ by: 'caller', reason: 'the caller gave up' });
    }
  }

  #startTimeLimit(): void {
    const { timeLimit } = this.#dial;
    if (timeLimit === undefined) return;
    const { clock } = this.#context.session.services;
    const talked = Math.max(0, clock.now() - (this.#connectedAt ?? clock.now()));
    this.#limitTimer = clock.after(Math.max(0, timeLimit * 1000 - talked), this.#label('time limit'), () =>
      this.#machine.handle({ type: 'timeLimit' }),
    );
  }

  #finish(end: DialEnd): void {
    this.#ringTimer?.cancel();
    this.#limitTimer?.cancel();
    this.#schedule.close();
    this.#ringing.stop();
    this.#features.stop();
    this.#bridge?.close();
    this.#transfers?.close();
    this.#context.session.recording.disconnected();
    this.#path?.close();
    const { session } = this.#context;
    session.connection = undefined;
    this.#settle(end);
  }

  async #report(end: DialEnd): Promise<Outcome> {
    const { caller, session } = this.#context;
    const children = this.#all();
    const outcome = resultOf(children, this.#winner, end);
    // The caller hears that it failed; why is the application's own business.
    const told = this.#refusal === undefined ? outcome : { ...outcome, sipReason: this.#refusal };
    const ours = children.some(wasNeverAsked);
    session.dialFailure =
      this.#winner === undefined ? responseToCaller(outcome, this.#dial.target.length, ours) : undefined;
    caller.note('dial.ended', { end, status: outcome.status, sipStatus: outcome.sipStatus });
    if (this.#winner === undefined) caller.events.emit('dialled', Math.max(outcome.sipStatus, 300), outcome.sipReason);
    return this.#tell(() => actionBody({ children, winner: this.#winner, outcome: told, end }));
  }

  /** Once, as far as that can be had: docs/decisions/0024-told-once.md. */
  async #tell(what: () => Record<string, unknown>): Promise<Outcome> {
    const { caller, session } = this.#context;
    const { actionHook: hook } = this.#dial;
    const { standing } = session.services;
    if (hook === undefined) {
      standing.rewrite(session);
      return {};
    }
    const body = what();
    this.#owed = { id: this.#delivery, hook, body };
    // Whoever took over now would otherwise tell an end of this dial of its own.
    const settled = standing.settle(session);
    if (this.#winner !== undefined) body['dial_quality'] = await qualityOf(caller, this.#winner);
    if ((await settled) === 'lost') return {};
    return askNext(this.#context, hook, body, { delivery: { id: this.#delivery }, ...this.#dial });
  }

  #alertNoPlan(refused: { reason: string; alert?: 'no-carrier' | 'dial-refused' }): void {
    if (refused.alert === undefined) return;
    const { session, caller } = this.#context;
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: caller.callSid,
      type: refused.alert,
      message: refused.reason,
    });
  }

  #label(timer: string): string {
    return `dial ${this.#context.caller.callSid} ${timer}`;
  }
}

const rangOut: EndCause = { by: 'server', reason: 'nobody answered in time' };

/** A party that was transferred away hangs up by itself as soon as it is told; one that does not is hung up. */
const LET_GO_MS = 2000;

function letGo(leg: Leg): void {
  if (leg.end !== undefined) return;
  const cause: EndCause = { by: 'callee', reason: 'transferred the call' };
  const timer = leg.services.clock.after(LET_GO_MS, `call ${leg.callSid} was transferred`, () => leg.hangup(cause));
  leg.events.on('ended', () => timer.cancel());
}

function whoEnded(leg: Leg): 'callee' | 'api' | 'error' {
  const by = leg.end?.cause.by;
  return by === 'api' || by === 'error' ? by : 'callee';
}

/** Why the caller's call is over, where it was not the caller who hung up. */
function whoLeft({ by }: EndCause): 'caller' | 'api' | 'timelimit' | 'error' {
  return by === 'api' || by === 'timelimit' || by === 'error' ? by : 'caller';
}

function causeOf(end: DialEnd): EndCause {
  switch (end) {
    case 'caller':
      return { by: 'caller', reason: 'the caller hung up' };
    case 'timelimit':
      return { by: 'timelimit', reason: 'the time limit was reached' };
    case 'api':
      return { by: 'api', reason: 'the application was replaced' };
    case 'callee':
    case 'error':
    case 'unbridged':
    case 'timeout':
    case 'exhausted':
      return { by: 'error', reason: 'the two legs could not be connected' };
  }
}
