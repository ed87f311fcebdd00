/** A session owns its legs, the script that runs on its first leg, and the one cause of its end. Nothing else: what
 * legs do to each other lives with the verbs. */
import type { AppCommand, AppLink, Application, ControlResult, HookRef } from '../ports/index.ts';
import { callInfo } from './call-info.ts';
import { writeCdr } from './cdr.ts';
import type { EndCause } from './end-cause.ts';
import { answerUnasked } from './in-dialog.ts';
import { InboundLeg } from './inbound-leg.ts';
import type { Leg } from './leg.ts';
import type { MediaPath } from './media-path.ts';
import { CallRecording } from './recording.ts';
import type { Connected, Script, ScriptFactory } from './script.ts';
import type { Services } from './services.ts';
import type { ScriptSnapshot } from './standing/snapshot.ts';

/** Why the callee's side failed, kept for the caller's final response. */
export type DialFailure = { readonly sipStatus: number; readonly sipReason: string | undefined };

/** A callee that a dial has connected. */
export type Connection = {
  readonly callee: Leg;
  /** Where the audio of the two goes. */
  readonly path: MediaPath;
  /** The callee leaves the dial, still talking. */
  readonly letGo: () => void;
  /** One of the two is about to be replaced: they are parted, and neither is hung up. */
  readonly replacing: (who: 'caller' | 'callee') => void;
  /** Asked when one of the two sends a REFER. */
  readonly referHook: HookRef | undefined;
};

/** What an application begins with: its first verbs, or the place where another process was with it. */
export type Start =
  | { readonly verbs: unknown }
  | { readonly carried: ScriptSnapshot; readonly connected: Connected | undefined };

/** Carries out what a WebSocket application commands. */
export type Commander = (session: Session, command: AppCommand) => ControlResult | Promise<ControlResult>;

type Options = {
  readonly services: Services;
  readonly scripts: ScriptFactory;
  readonly commander: Commander;
  readonly caller: Leg;
  readonly application: Application | undefined;
  readonly link: AppLink;
  /** The leg has been reported before, by the session it leaves. */
  readonly continued?: boolean;
};

export class Session {
  readonly #options: Options;
  readonly services: Services;
  readonly caller: Leg;
  readonly application: Application | undefined;
  readonly link: AppLink;
  readonly #script: Script;
  readonly #legs = new Set<Leg>();
  readonly #records: Promise<void>[] = [];
  readonly #unfollow = new Map<Leg, () => void>();
  readonly recording: CallRecording = new CallRecording(this);
  statusHook: HookRef | undefined;
  /** What REST placed the call with: hooks that are asked as if `config` had set them first. */
  hooks: { readonly refer?: HookRef | undefined; readonly request?: HookRef | undefined } = {};
  /** What a dial that failed left behind, for the caller who was never answered. */
  dialFailure: DialFailure | undefined;
  /** What `config` set for the verbs that follow: their synthesizer and recognizer as documented. */
  speech: { synthesizer?: Readonly<Record<string, unknown>>; recognizer?: Readonly<Record<string, unknown>> } = {};
  /** What is being written down of this call: REST pauses it here. */
  readonly transcriptions = new Set<{ pause(): void; resume(): void }>();
  /** What the running dial connected, from the bridge to its end: REST finds the partner here. */
  connection: Connection | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.services = options.services;
    this.caller = options.caller;
    this.application = options.application;
    this.link = options.link;
    this.statusHook = options.application?.callStatusHook;
    this.#script = options.scripts(this);
    this.services.registry.addSession(this);
    this.link.control({
      command: (command) => options.commander(this, command),
      gone: () => this.#script.wake(),
    });
    this.adopt(this.caller, options.continued);
  }

  get sid(): string {
    return this.caller.identity.sessionSid;
  }

  get accountSid(): string {
    return this.caller.identity.accountSid;
  }

  get script(): Script {
    return this.#script;
  }

  /** Takes a leg in: its states are reported, its record written, unasked requests answered. */
  adopt(leg: Leg, reported = false): void {
    this.#legs.add(leg);
    const off = [
      leg.events.on('status', () => this.#moved(leg)),
      leg.events.on('request', (request) => answerUnasked(request)),
      leg.events.on('ended', (end) => {
        this.#legs.delete(leg);
        this.#unfollow.delete(leg);
        if (leg === this.caller) this.services.standing.drop(this);
        if (leg === this.caller) this.#records.push(this.recording.close());
        this.#records.push(writeCdr(leg));
        if (leg !== this.caller) return;
        leg.note('session.ending', { by: end.cause.by, reason: end.cause.reason });
        this.#script.stop();
      }),
    ];
    this.#unfollow.set(leg, () => off.forEach((each) => each()));
    if (!reported) this.#reportStatus(leg);
    this.services.standing.touch(this);
  }

  /** The connected leg becomes a call of its own, still talking: the dial ends without it. */
  partWith(leg: Leg, link: AppLink): Session {
    this.connection?.letGo();
    this.#unfollow.get(leg)?.();
    this.#unfollow.delete(leg);
    this.#legs.delete(leg);
    leg.secede();
    return new Session({ ...this.#options, caller: leg, link, continued: true });
  }

  /** All that still run. */
  legs(): ReadonlySet<Leg> {
    return this.#legs;
  }

  /** A leg of this session that still runs. */
  leg(callSid: string): Leg | undefined {
    for (const leg of this.#legs) if (leg.callSid === callSid) return leg;
    return undefined;
  }

  /** Runs the application to its end, then ends the session. Never rejects. */
  async run(first: () => Promise<Start | undefined>): Promise<void> {
    let outcome: 'done' | 'invalid' = 'done';
    try {
      const start = await first();
      if (start !== undefined && this.caller.end === undefined) {
        outcome = await this.#begin(start);
        this.#conclude(outcome);
      }
    } catch (fault) {
      this.#broken(fault);
    }
    await this.#close(outcome === 'invalid' ? 'fault' : undefined);
  }

  #begin(start: Start): Promise<'done' | 'invalid'> {
    return 'verbs' in start ? this.#script.run(start.verbs) : this.#script.carryOn(start.carried, start.connected);
  }

  /** Hangs the whole session up from our side. */
  end(cause: EndCause): void {
    this.caller.hangup(cause);
  }

  dump(): Record<string, unknown> {
    return {
      sid: this.sid,
      legs: Array.from(this.#legs, (leg) => ({ callSid: leg.callSid, state: leg.state })),
      script: this.#script.dump(),
    };
  }

  /** The application has nothing more to do: an answered call is hung up, an unanswered one gets its final response. */
  #conclude(outcome: 'done' | 'invalid'): void {
    const { caller } = this;
    if (caller.end !== undefined) return;
    if (!(caller instanceof InboundLeg) || !caller.unanswered) {
      caller.hangup({ by: 'script', reason: 'the application had nothing more to do' });
      return;
    }
    if (outcome === 'invalid') {
      const cause: EndCause = { by: 'error', reason: 'the application answered with verbs that are not valid' };
      caller.reject({
        status: this.services.settings.failedHookStatus,
        cause,
        headers: [['X-Reason', 'invalid application payload']],
      });
      return;
    }
    const { sipStatus, sipReason } = this.#refusal();
    caller.reject({
      status: sipStatus,
      ...(sipReason === undefined || sipReason === '' ? {} : { reason: sipReason }),
      cause: { by: 'script', reason: 'the application had nothing more to do' },
    });
  }

  /** An application that never answered the call and never dialled has declined it. */
  #refusal(): DialFailure {
    const { failedDialStatus } = this.services.settings;
    if (this.dialFailure === undefined) return { sipStatus: 603, sipReason: 'Decline' };
    return failedDialStatus === undefined ? this.dialFailure : { sipStatus: failedDialStatus, sipReason: undefined };
  }

  #broken(fault: unknown): void {
    const reason = fault instanceof Error ? fault.message : String(fault);
    this.services.log.error({ callSid: this.caller.callSid, fault, session: this.dump() }, 'session failed');
    this.caller.hangup({ by: 'server', reason: `internal: ${reason}` });
  }

  async #close(why?: 'fault'): Promise<void> {
    for (const leg of this.#legs) leg.hangup({ by: 'server', reason: 'the session ended' });
    this.services.standing.drop(this);
    await Promise.allSettled(this.#records);
    this.link.close(why);
    this.services.registry.removeSession(this);
    void this.services.live.removeCall(this.sid);
    this.services.trace.publish({ kind: 'end', at: this.services.clock.now(), sessionSid: this.sid });
  }

  #moved(leg: Leg): void {
    this.services.standing.touch(this);
    this.#reportStatus(leg);
  }

  #reportStatus(leg: Leg): void {
    const hook = this.statusHook ?? (this.link.takesStatus ? '' : undefined);
    if (hook !== undefined) this.link.notify(hook, 'call:status', callInfo(leg));
  }
}
