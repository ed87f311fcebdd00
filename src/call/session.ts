/** A session owns its legs, the script that runs on its first leg, and the one cause of its end. Nothing else: what
 * legs do to each other lives with the verbs. */
import type { AppCommand, AppLink, Application, ControlResult, HookRef } from '../ports/index.ts';
import { sameId } from '../base/index.ts';
import { callInfo } from './call-info.ts';
import { writeCdr } from './cdr.ts';
import type { EndCause } from './end-cause.ts';
import { answerUnasked } from './in-dialog.ts';
import { InboundLeg } from './inbound-leg.ts';
import type { Leg, LegEnd } from './leg.ts';
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

/** The store has told of it. */
const unwritten = (): void => {};

/** Something of the call that is being written down. */
type Transcribing = { pause(): void; resume(): void };

type Options = {
  readonly services: Services;
  readonly scripts: ScriptFactory;
  readonly commander: Commander;
  readonly caller: Leg;
  readonly application: Application | undefined;
  readonly link: AppLink;
  /** Told of every state in place of the application's. */
  readonly statusHook?: HookRef | undefined;
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
  /** All that still run, and what ends the following of each. */
  readonly #legs = new Map<Leg, () => void>();
  readonly #records: Promise<void>[] = [];
  #ownership: 'ours' | 'lost' = 'ours';
  readonly recording: CallRecording = new CallRecording(this);
  statusHook: HookRef | undefined;
  /** What REST placed the call with: hooks that are asked as if `config` had set them first. */
  hooks: { readonly refer?: HookRef | undefined; readonly request?: HookRef | undefined } = {};
  /** What a dial that failed left behind, for the caller who was never answered. */
  dialFailure: DialFailure | undefined;
  /** What `config` set for the verbs that follow: their synthesizer, recognizer and vad as documented. */
  speech: { readonly [part in 'synthesizer' | 'recognizer' | 'vad']?: Readonly<Record<string, unknown>> } = {};
  /** What is being written down of this call: REST pauses it here. */
  get transcriptions(): Set<Transcribing> {
    return (this.#transcriptions ??= new Set());
  }
  #transcriptions: Set<Transcribing> | undefined;
  /** What the running dial connected, from the bridge to its end: REST finds the partner here. */
  connection: Connection | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.services = options.services;
    this.caller = options.caller;
    this.application = options.application;
    this.link = options.link;
    this.statusHook = options.statusHook ?? options.application?.callStatusHook;
    this.#script = options.scripts(this);
    this.services.registry.addSession(this);
    this.link.control({
      command: (command) => options.commander(this, command),
      gone: () => this.#script.wake(),
      moved: () => {
        if (this.caller.end === undefined) this.services.standing.touch(this);
      },
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
    if (leg !== this.caller) this.#announce(leg, this.sid);
    const { events } = leg;
    const moved = (): void => this.#moved(leg);
    const ended = (end: LegEnd): void => this.#ended(leg, end);
    events.on('status', moved);
    events.on('request', answerUnasked);
    events.on('ended', ended);
    this.#legs.set(leg, () => {
      events.off('status', moved);
      events.off('request', answerUnasked);
      events.off('ended', ended);
    });
    if (!reported) this.#reportStatus(leg);
    this.services.standing.touch(this);
  }

  #ended(leg: Leg, end: LegEnd): void {
    this.#legs.delete(leg);
    const first = leg === this.caller;
    if (first) {
      this.services.standing.drop(this);
      this.#records.push(this.recording.close());
    }
    this.#records.push(this.#record(leg));
    if (!first) return;
    leg.note('session.ending', { by: end.cause.by, reason: end.cause.reason });
    this.#script.stop();
  }

  async #record(leg: Leg): Promise<void> {
    try {
      if (this.#ownership === 'ours') await writeCdr(leg);
    } finally {
      // Until its record is there it can be found where it ran; the first leg as long as the session is there.
      if (leg !== this.caller) void this.services.live.removeCall(leg.callSid);
    }
  }

  /** The connected leg becomes a call of its own, still talking: the dial ends without it. */
  partWith(leg: Leg, link: AppLink): Session {
    this.connection?.letGo();
    this.#legs.get(leg)?.();
    this.#legs.delete(leg);
    leg.secede();
    this.#announce(leg, undefined);
    return new Session({ ...this.#options, caller: leg, link, statusHook: this.statusHook, continued: true });
  }

  /** For those who look for it at another node. `session`: of a leg that is not the first of its own. */
  #announce({ callSid, startedAt }: Leg, session: string | undefined): void {
    const { live, settings } = this.services;
    const call = { callSid, accountSid: this.accountSid, node: settings.node, startedAt };
    void live.putCall(session === undefined ? call : { session, ...call });
  }

  /** All that still run. */
  legs(): Iterable<Leg> {
    return this.#legs.keys();
  }

  /** A leg of this session that still runs. */
  leg(callSid: string): Leg | undefined {
    for (const leg of this.legs()) if (leg.callSid === callSid) return leg;
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

  /** Another node carries this call on: it ends here without a BYE, a hook or a record. */
  letGo(): void {
    this.#ownership = 'lost';
    this.link.close('moved');
    // All of them first: what ends a leg touches the others.
    for (const leg of this.legs()) leg.abandon();
    this.caller.hangup({ by: 'server', reason: 'another node carries it on' });
  }

  /** Hangs the whole session up from our side. */
  end(cause: EndCause): void {
    this.caller.hangup(cause);
  }

  dump(): Record<string, unknown> {
    return {
      sid: this.sid,
      legs: Array.from(this.legs(), (leg) => ({ callSid: leg.callSid, state: leg.state })),
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
    for (const leg of this.legs()) leg.hangup({ by: 'server', reason: 'the session ended' });
    this.services.standing.drop(this);
    for (const record of this.#records) await record.catch(unwritten);
    this.link.close(why);
    this.services.registry.removeSession(this);
    this.services.quotas.ended(this.accountSid);
    void this.services.live.removeCall(this.sid);
    this.services.trace.publish({ kind: 'end', at: this.services.clock.now(), sessionSid: this.sid });
  }

  #moved(leg: Leg): void {
    this.services.standing.touch(this);
    this.#reportStatus(leg);
  }

  #reportStatus(leg: Leg): void {
    if (this.#ownership === 'lost') return;
    const hook = this.statusHook ?? (this.link.takesStatus ? '' : undefined);
    if (hook === undefined) return;
    // Who takes the call over may tell the last word again: an application knows it by the id.
    const id = leg.end === undefined ? undefined : sameId(leg.callSid, 'call:status', leg.status);
    this.link.notify(hook, 'call:status', callInfo(leg), id);
  }
}
