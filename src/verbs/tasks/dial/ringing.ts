/** What the caller hears until the bridge: nothing but 180 where its own phone rings, else music, the callee's early
 * media, or ringback. decisions.md Ringing. */
import type { Timer } from '../../../base/index.ts';
import { Bridge, InboundLeg, type Leg, type OutboundLeg, shownUrl } from '../../../call/index.ts';
import type { Sound } from '../../../ports/index.ts';
import type { TaskContext } from '../../task.ts';
import type { DialVerb } from '../../schema/schema.ts';
import { suppressDigits } from './suppress.ts';

type Hearing = 'nothing' | 'music-to-come' | 'music' | 'ringback' | 'early-media' | 'over';

/** Music that takes longer to fetch than this must not keep the caller in silence. */
const MUSIC_GRACE_MS = 1500;

export class Ringing {
  readonly #context: TaskContext;
  readonly #dial: DialVerb;
  #hearing: Hearing = 'nothing';
  #early: Bridge | undefined;
  #release: (() => void) | undefined;
  #grace: Timer | undefined;
  /** The caller's leg outlives the dial: what waits for the end of the music must not. */
  #unheard: (() => void) | undefined;
  /** A callee has rung. */
  #rung = false;

  constructor(context: TaskContext, dial: DialVerb) {
    this.#context = context;
    this.#dial = dial;
  }

  get #caller(): Leg {
    return this.#context.caller;
  }

  /** dialMusic starts with the dial. */
  start(): void {
    const { dialMusic } = this.#dial;
    if (dialMusic === undefined) return this.#fill();
    this.#hearing = 'music-to-come';
    const { clock } = this.#context.session.services;
    this.#grace = clock.after(MUSIC_GRACE_MS, `call ${this.#caller.callSid} music grace`, () => this.#musicIsLate());
    void this.#music(dialMusic);
  }

  /** The first callee rings. */
  rang(): void {
    this.#rung = true;
    if (this.#hearing !== 'nothing') return;
    const caller = this.#caller;
    if (caller instanceof InboundLeg && caller.unanswered) {
      // With early media up (an earlier verb, or music that failed) the phone makes no ringback of its own.
      if (caller.state !== 'early-media') return caller.ring();
    }
    this.#hearing = 'ringback';
    this.#play(this.#ringback);
  }

  /** A callee sends audio before it answers: passed on where it is the only target and nothing else was asked for. */
  async earlyMedia(child: OutboundLeg): Promise<void> {
    this.#rung = true;
    const { target, dialMusic, confirmHook } = this.#dial;
    const screened = confirmHook !== undefined || target[0]?.confirmHook !== undefined;
    const only = target.length === 1 && dialMusic === undefined && !screened;
    if (!only || (this.#hearing !== 'nothing' && this.#hearing !== 'ringback')) return this.rang();
    const before = this.#hearing;
    this.#hearing = 'early-media';
    const caller = this.#caller;
    if (caller instanceof InboundLeg && caller.unanswered && !(await caller.earlyMedia(child.media?.spoken)))
      return this.#unhearable('early-media', before);
    if (this.#now() !== 'early-media' || child.end !== undefined || caller.end !== undefined) return;
    if (before === 'ringback') void caller.media?.stopPlay();
    this.#early = new Bridge(caller, child, { passDigits: !this.#dial.dtmfSuppress });
    this.#release = suppressDigits(this.#dial, [caller, child]);
    await this.#early.open().catch(() => {});
  }

  /** A caller that made no offer can hear nothing before it is answered: it is told that somebody rings. */
  #unhearable(what: Hearing, before: Hearing): void {
    if (this.#now() !== what || this.#caller.end !== undefined) return;
    this.#hearing = before;
    if (this.#rung) this.rang();
  }

  /** Silence now: the bridge follows. Early media's own bridge is left for the real one to take over. */
  stop(): void {
    const was = this.#hearing;
    this.#hearing = 'over';
    this.#grace?.cancel();
    this.#unheard?.();
    if (was === 'early-media') this.#closeEarly();
    else if ((was === 'music' || was === 'ringback') && this.#caller.end === undefined)
      void this.#caller.media?.stopPlay();
  }

  /** The callee whose early media was heard has failed: the caller hears ringing again while others are tried. */
  silenced(): void {
    if (this.#hearing !== 'early-media') return;
    this.#closeEarly();
    this.#hearing = 'nothing';
    this.#fill();
  }

  /** A caller who is answered already is not left in silence until the first callee rings. */
  #fill(): void {
    const caller = this.#caller;
    if (!(caller instanceof InboundLeg && caller.unanswered)) this.rang();
  }

  /** Ringing meanwhile, if there is any: the music takes its place when it comes. */
  #musicIsLate(): void {
    if (this.#hearing !== 'music-to-come') return;
    this.#hearing = 'nothing';
    if (this.#rung) this.rang();
    else this.#fill();
  }

  #closeEarly(): void {
    this.#release?.();
    this.#release = undefined;
    this.#early?.close();
  }

  async #music(url: string): Promise<void> {
    const { session } = this.#context;
    const caller = this.#caller;
    const read = await session.services.sounds.get(url, session.accountSid);
    this.#grace?.cancel();
    if (this.#now() === 'over') return;
    if (!read.ok) return this.#musicFailed(url, read.fault);
    this.#hearing = 'music';
    if (caller instanceof InboundLeg && caller.unanswered && !(await caller.earlyMedia()))
      return this.#unhearable('music', 'nothing');
    if (this.#now() === 'over') return;
    const play = this.#play(read.sound);
    if (play === undefined) return;
    this.#unheard = caller.events.on('played', (which, error) => {
      if (which !== play) return;
      this.#unheard?.();
      if (error !== undefined && this.#now() === 'music') this.#musicFailed(url, error);
    });
  }

  #musicFailed(url: string, message: string): void {
    const { session } = this.#context;
    const alert = { type: 'play-url-notfound', message: `dialMusic: ${message}`, url: shownUrl(url) } as const;
    session.services.alerts.raise({ accountSid: session.accountSid, callSid: this.#caller.callSid, ...alert });
    const hearing = this.#now();
    if (hearing !== 'music' && hearing !== 'music-to-come') return;
    // Where silence would be heard: rings before any callee does.
    this.#hearing = 'nothing';
    this.rang();
  }

  #play(sound: Sound): string | undefined {
    this.#caller.note('caller.hears', { sound: sound.kind });
    // Music that stalls on its way is ringing, not silence.
    return this.#caller.media?.play({ sound, loop: 'forever', meanwhile: this.#ringback });
  }

  get #ringback(): Extract<Sound, { kind: 'ringback' }> {
    return { kind: 'ringback', country: this.#context.session.services.settings.toneCountry };
  }

  /** The field read anew: it may have moved while something was awaited. */
  #now(): Hearing {
    return this.#hearing;
  }
}
