/** A callee's leg: one target of a dial, reached over one or more INVITEs (all contacts of a user at once, or gateway
 * after gateway), all sharing one port pair. The first 200 wins; everything else is cancelled. */
import type { Timer } from '../base/index.ts';
import { Emitter, ignore, Machine, type Step, type Table } from '../base/index.ts';
import { type Format, ourCodecs } from '../sdp/index.ts';
import type {
  Dialog,
  ExtraHeader,
  Failure,
  InviteOptions,
  OutgoingCall,
  Progress,
  Reason,
} from '../sip/agent/index.ts';
import { tagOf } from '../sip/message/index.ts';
import { bestFailure, shouldFailOver } from './best-response.ts';
import type { EndCause } from './end-cause.ts';
import { Leg, type LegIdentity, type LeftInvites } from './leg.ts';
import { statusOfResponse } from './leg-state.ts';
import type { Slot } from './pacing.ts';
import type { Branch, Plan } from './plan.ts';
import type { Services } from './services.ts';

type State = 'idle' | 'calling' | 'settled';
type Event =
  | { type: 'start' }
  | { type: 'answered'; attempt: Attempt; dialog: Dialog; sdp: Buffer | undefined }
  | { type: 'branchFailed'; attempt: Attempt; failure: Failure }
  | { type: 'giveUp'; cause: EndCause; reason: Reason | undefined; expired: boolean };
type Effect =
  | { type: 'launch' }
  | { type: 'next'; attempt: Attempt; failure: Failure }
  | { type: 'win'; attempt: Attempt; dialog: Dialog; sdp: Buffer | undefined }
  | { type: 'surplus'; dialog: Dialog }
  | { type: 'cancelAll'; reason: Reason | undefined; cause: EndCause; expired: boolean };

/** One 200 settles it; a second one (two contacts in one tick) is hung up. */
// prettier-ignore
const table: Table<State, Event, Effect, undefined> = {
  idle: {
    start: (): Step<State, Effect> => ({ to: 'calling', effects: [{ type: 'launch' }] }),
    answered: ignore,
    branchFailed: ignore,
    giveUp: (e) => ({ to: 'settled', effects: [{ ...e, type: 'cancelAll' }] }),
  },
  calling: {
    start: ignore,
    answered: (e) => ({ to: 'settled', effects: [{ type: 'win', attempt: e.attempt, dialog: e.dialog, sdp: e.sdp }] }),
    branchFailed: (e) => ({ to: 'calling', effects: [{ type: 'next', attempt: e.attempt, failure: e.failure }] }),
    giveUp: (e) => ({ to: 'settled', effects: [{ ...e, type: 'cancelAll' }] }),
  },
  settled: {
    start: ignore,
    answered: (e) => ({ to: 'settled', effects: [{ type: 'surplus', dialog: e.dialog }] }),
    branchFailed: ignore,
    giveUp: ignore,
  },
};

/** One INVITE under way, or waiting for its carrier's capacity. */
type Attempt = {
  readonly branch: Branch;
  /** What was offered there. */
  offer: Buffer | undefined;
  call: OutgoingCall | undefined;
  localTag: string | undefined;
  slot: Slot | undefined;
  silence: Timer | undefined;
};

export const answeredElsewhere: Reason = { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' };

/** RFC 5626 §11.1. */
const flowFailed = 430;

/** What a dial may name in `codecs`. */
export const codecNames: readonly string[] = ourCodecs.map(({ codec }) => codec);

export class OutboundLeg extends Leg {
  /** Early media of the only branch, or of the winner to be. */
  readonly early = new Emitter<{ audio: [progress: Progress] }>();
  readonly #plan: Plan;
  readonly #queue: Branch[];
  readonly #attempts: Attempt[] = [];
  readonly #failures: Failure[] = [];
  readonly #switch: Machine<State, Event, Effect, undefined>;
  /** The caller's codecs, offered first. */
  #prefer: readonly Format[] | undefined;
  /** At least one INVITE left: without it the outcome of a give-up is `queued`. */
  #sent = false;

  constructor(services: Services, identity: LegIdentity, plan: Plan) {
    super(services, identity);
    this.#plan = plan;
    this.#queue = [...plan.branches];
    this.trunk = plan.trunk;
    // Its first status is told before the first INVITE leaves, and names it already.
    if (plan.branches.length > 0) this.sipCallId = services.random.token(24);
    this.#switch = new Machine<State, Event, Effect, undefined>({
      table,
      initial: 'idle',
      context: undefined,
      perform: (effect) => this.#perform(effect),
    });
  }

  protected override get usesIce(): boolean {
    return this.#plan.branches.some(({ web = false, ice = false }) => web !== false || ice);
  }

  /** Every INVITE still waits for carrier capacity. */
  get queued(): boolean {
    return !this.#sent;
  }

  /** Reserves ports and sends the INVITEs. `prefer`: the caller's codecs, offered first; `only`: names of those offered at all. */
  async start(prefer: readonly Format[] | undefined, only: readonly string[] = []): Promise<void> {
    try {
      await this.openMedia();
      this.media?.negotiation.restrict(only);
      this.#prefer = prefer;
    } catch (fault) {
      const reason = fault instanceof Error ? fault.message : String(fault);
      this.note('media.failed', { reason });
      this.finish({
        status: 'failed',
        sipStatus: 503,
        sipReason: 'No Media',
        cause: { by: 'error', reason },
        byeHeaders: undefined,
      });
      return;
    }
    this.#switch.handle({ type: 'start' });
  }

  /** Gives up ringing: every INVITE is cancelled at once, in parallel, and the leg is over now; its fate is fixed. */
  cancel(cause: EndCause, reason?: Reason): void {
    this.#switch.handle({ type: 'giveUp', cause, reason, expired: false });
  }

  /** Its time to ring is over. A leg that never got past its carrier's capacity ends `queued`. */
  expire(cause: EndCause): void {
    this.#switch.handle({ type: 'giveUp', cause, reason: undefined, expired: true });
  }

  override left(): LeftInvites {
    return { sent: this.#attempts.map((attempt) => attempt.call?.snapshot()).filter((each) => each !== undefined) };
  }

  hangup(cause: EndCause, options: { headers?: readonly ExtraHeader[]; reason?: Reason } = {}): void {
    if (this.state === 'in-progress') this.bye(cause, options);
    else this.cancel(cause, options.reason);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'launch':
        return this.#launch();
      case 'next':
        return this.#next(effect.attempt, effect.failure);
      case 'win':
        return this.#win(effect.attempt, effect.dialog, effect.sdp);
      case 'surplus':
        return effect.dialog.bye({ reason: answeredElsewhere });
      case 'cancelAll':
        return this.#cancelAll(effect);
    }
  }

  #launch(): void {
    if (this.#plan.mode === 'parallel') for (const branch of this.#queue.splice(0)) this.#attempt(branch);
    else {
      const branch = this.#queue.shift();
      if (branch !== undefined) this.#attempt(branch);
    }
  }

  #attempt(branch: Branch): void {
    const attempt: Attempt = {
      branch,
      offer: undefined,
      call: undefined,
      localTag: undefined,
      slot: undefined,
      silence: undefined,
    };
    this.#attempts.push(attempt);
    const { carrier } = branch;
    if (carrier === undefined || (carrier.limits.maxCalls === undefined && carrier.limits.maxCps === undefined)) {
      return this.#invite(attempt);
    }
    const slot = this.services.pacers.acquire(carrier.sid, carrier.limits, {
      // The line may move long after we left it: only a leg that still calls takes the place.
      grant: () => (this.#switch.state === 'calling' ? this.#invite(attempt) : undefined),
      waits: () => {
        if (!this.#sent) this.waiting(true);
        this.note('leg.waits', { carrier: carrier.name, waiting: this.services.pacers.waiting(carrier.sid) });
      },
    });
    attempt.slot = slot;
    this.events.on('ended', () => slot.release());
  }

  #invite(attempt: Attempt): void {
    const { branch } = attempt;
    const callId = this.#sent ? undefined : this.sipCallId;
    this.#sent = true;
    this.waiting(false);
    this.trunk = branch.carrier?.name ?? this.#plan.trunk;
    this.carrierSid = branch.carrier?.sid;
    // To each an offer of its own: no device of a target learns the keys of another's call.
    const { srtp = 'none', ice, rtcpMux, suites } = branch;
    const web = branch.web === true || branch.web === 'only';
    attempt.offer = this.media?.negotiation.offer({ srtp, web, ice, rtcpMux, suites, prefer: this.#prefer });
    const call = this.services.agent.invite(this.#options(branch, attempt.offer, callId));
    attempt.call = call;
    this.link(call.callId);
    call.events.on('sent', (request, hop) => {
      const { address, transport } = branch.far ?? hop;
      this.remoteHost = address;
      this.transport = transport;
      attempt.localTag = tagOf(request.from);
    });
    call.events.on('progress', (progress) => this.#progress(attempt, progress));
    call.events.on('answered', (dialog, sdp) => this.#switch.handle({ type: 'answered', attempt, dialog, sdp }));
    call.events.on('failed', (failure) => this.#branchFailed(attempt, failure));
    if (branch.silenceMs !== undefined && (this.#queue.length > 0 || hasFlows(branch)))
      this.#watch(attempt, branch.silenceMs);
  }

  /** Step by step: a literal with a condition for each of these costs many times as much, and most branches have none. */
  #options(branch: Branch, offer: Buffer | undefined, callId: string | undefined): InviteOptions {
    const { uri, from, headers } = branch;
    const { maxForwards } = this.#plan;
    const options: { -readonly [name in keyof InviteOptions]: InviteOptions[name] } = { uri, from, headers };
    if (maxForwards !== undefined) options.maxForwards = maxForwards;
    if (offer !== undefined) options.sdp = offer;
    if (callId !== undefined) options.callId = callId;
    if (branch.to !== undefined) options.to = branch.to;
    if (branch.contactUser !== undefined) options.contactUser = branch.contactUser;
    if (branch.contactHost !== undefined) options.contactHost = branch.contactHost;
    if (branch.hops !== undefined) options.hops = branch.hops;
    if (branch.nextHop !== undefined) options.nextHop = branch.nextHop;
    if (branch.allow !== undefined) options.allow = branch.allow;
    if (branch.sessionTimer !== undefined) options.sessionTimer = branch.sessionTimer;
    if (branch.route !== undefined) options.route = branch.route;
    if (branch.pinned !== undefined) options.pinned = branch.pinned;
    if (branch.credentials !== undefined) options.credentials = branch.credentials;
    return options;
  }

  #watch(attempt: Attempt, ms: number): void {
    attempt.silence = this.services.clock.after(ms, `leg ${this.callSid} gateway silence`, () => {
      const failure: Failure = { status: 408, reason: 'Request Timeout', by: 'timeout', response: undefined };
      attempt.call?.events.clear();
      attempt.call?.cancel();
      this.#branchFailed(attempt, failure);
    });
  }

  #progress(attempt: Attempt, progress: Progress): void {
    attempt.silence?.cancel();
    if (this.#switch.state !== 'calling') return;
    const { call, localTag } = attempt;
    // Who picks the call up elsewhere names this dialog. RFC 3891 §3.
    if (call !== undefined && localTag !== undefined && progress.fork !== '')
      this.services.registry.dialogs.enter(this, { callId: call.callId, localTag, remoteTag: progress.fork });
    const early = progress.sdp !== undefined && this.#plan.branches.length === 1 ? progress : undefined;
    if (early?.sdp !== undefined && this.media !== undefined) {
      const read = this.media.negotiation.answered(early.sdp, false, attempt.offer);
      if (read.ok) void this.media.configure(read.agreement, this.remoteHost);
    }
    this.provisional(progress.status, progress.reason, progress.sdp !== undefined);
    if (early !== undefined) this.early.emit('audio', early);
  }

  #branchFailed(attempt: Attempt, failure: Failure): void {
    attempt.silence?.cancel();
    attempt.slot?.release();
    if (failure.status === flowFailed) attempt.branch.onFlowFailed?.();
    this.#switch.handle({ type: 'branchFailed', attempt, failure });
  }

  #next(attempt: Attempt, failure: Failure): void {
    this.#attempts.splice(this.#attempts.indexOf(attempt), 1);
    const { branch } = attempt;
    if (branch.web === true && refusesMedia(failure)) {
      this.note('media.webrtc-refused', { status: failure.status, reason: failure.reason });
      return this.#attempt({ ...branch, web: false });
    }
    if (branch.srtp === 'offer' && refusesMedia(failure)) {
      this.note('media.srtp-refused', { status: failure.status, reason: failure.reason });
      return this.#attempt({ ...branch, srtp: 'none' });
    }
    if (hasFlows(branch) && (failure.by !== 'response' || failure.status === flowFailed)) {
      const [flow, ...flows] = branch.flows;
      this.note('leg.flow-failed', { status: failure.status, reason: failure.reason, by: failure.by });
      return this.#attempt({
        ...flow,
        flows,
        ...(branch.silenceMs === undefined ? {} : { silenceMs: branch.silenceMs }),
      });
    }
    this.#failed(branch, failure);
  }

  #failed(branch: Branch, said: Failure): void {
    // As where the connection was our own.
    const gone = said.status === flowFailed && branch.onFlowFailed !== undefined;
    const failure: Failure = gone ? { ...said, status: 480, reason: 'Temporarily Unavailable' } : said;
    this.#failures.push(failure);
    const goesOn = this.#plan.mode === 'failover' && this.#queue.length > 0 && shouldFailOver(failure);
    if (goesOn) {
      this.note('leg.failover', { status: failure.status, reason: failure.reason, by: failure.by });
      return this.#launch();
    }
    if (this.#attempts.length > 0) return;
    const best = this.#plan.mode === 'parallel' ? bestFailure(this.#failures) : failure;
    const { status, reason, by } = best ?? failure;
    this.finish({
      status: statusOfResponse(status, this.identity.parentCallSid === undefined),
      sipStatus: status,
      sipReason: reason,
      // Who could not be reached has refused nothing.
      cause: { by: by === 'response' ? 'callee' : 'error', reason: `${status} ${reason}` },
      byeHeaders: undefined,
    });
  }

  #win(attempt: Attempt, dialog: Dialog, sdp: Buffer | undefined): void {
    for (const other of this.#attempts) if (other !== attempt) drop(other, answeredElsewhere);
    attempt.silence?.cancel();
    const media = this.media;
    const read =
      media === undefined || sdp === undefined ? undefined : media.negotiation.answered(sdp, true, attempt.offer);
    if (media === undefined || read?.ok !== true) {
      const reason = read?.ok === false ? read.fault : 'the 200 had no SDP';
      this.note('media.refused', { reason });
      dialog.bye({ reason: { protocol: 'SIP', cause: 488, text: 'Not Acceptable Here' } });
      this.finish({
        status: 'failed',
        sipStatus: 488,
        sipReason: 'Not Acceptable Here',
        cause: { by: 'error', reason },
        byeHeaders: undefined,
      });
      return;
    }
    void media.configure(read.agreement, this.remoteHost);
    this.answered(dialog);
  }

  #cancelAll({ cause, reason, expired }: { cause: EndCause; reason: Reason | undefined; expired: boolean }): void {
    const waited = expired && this.queued && this.#attempts.length > 0;
    for (const attempt of this.#attempts) drop(attempt, reason);
    this.finish({
      status: waited ? 'queued' : 'no-answer',
      sipStatus: waited ? 503 : 487,
      sipReason: waited ? 'Waiting For Capacity' : 'Request Terminated',
      cause,
      byeHeaders: undefined,
    });
  }
}

function hasFlows(branch: Branch): branch is Branch & { readonly flows: readonly [Branch, ...Branch[]] } {
  return branch.flows !== undefined && branch.flows.length > 0;
}

/** The far end cannot do what we offered: with less it may (RFC 4568 §7.2, RFC 3261 §21.4.26). Not all that comes over a
 * WebSocket is a browser. */
function refusesMedia({ by, status }: Failure): boolean {
  return by === 'response' && (status === 488 || status === 415 || status === 606);
}

/** Ends one attempt that lost: its slot is free, its INVITE cancelled; the SIP agent sees a crossing 200 off. */
function drop(attempt: Attempt, reason: Reason | undefined): void {
  attempt.silence?.cancel();
  attempt.slot?.release();
  attempt.call?.events.clear();
  attempt.call?.cancel(reason);
}
