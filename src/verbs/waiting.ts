/** The time between a verb's result and the application's answer to it: a noise that says the call is alive, then words or sounds
 * one after the other, then the end of patience. reference.md 5; fillerNoise and actionHookDelayAction.
 *
 *   waiting ──answer, call over, replaced──▶ over
 *      └──noResponseGiveUpTimeout──▶ over, with giveUpActions
 */
import type { Timer } from '../base/index.ts';
import type { HookAnswer } from '../ports/index.ts';
import type { DubVerb, FillerNoise, HookDelay } from './schema/schema.ts';
import { type Outcome, outcomeOf, type Task, type TaskContext } from './task.ts';
import { DubTask } from './tasks/dub.ts';
import { PlayTask } from './tasks/play.ts';
import { SayTask } from './tasks/say.ts';

export type Heard = { readonly filler: FillerNoise | undefined; readonly delay: HookDelay | undefined };

/** No application can name this track. */
const track = 'filler noise\u0000';
const hangUp: Outcome = { next: [{ verb: 'hangup' }] };

export class WaitingTime {
  readonly #context: TaskContext;
  readonly #heard: Heard;
  readonly #timers: Timer[] = [];
  readonly #ended: Promise<Outcome>;
  #settle: (outcome: Outcome) => void = () => {};
  #state: 'waiting' | 'over' = 'waiting';
  #filler: 'none' | 'heard' = 'none';
  /** The action that is heard, and how many were. */
  #task: Task | undefined;
  #acting: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(context: TaskContext, heard: Heard) {
    this.#context = context;
    this.#heard = heard;
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
  }

  /** Resolves with what the application wants done, when nothing of this is heard any more. */
  async until(asked: Promise<HookAnswer>): Promise<Outcome> {
    const { filler, delay } = this.#heard;
    const off = this.#context.caller.events.on('ended', () => this.stop());
    if (filler !== undefined) this.#after(filler.startDelaySecs, () => this.#fill(filler.url));
    if (delay !== undefined) this.#await(delay);
    const outcome = await Promise.race([asked.then(outcomeOf), this.#ended]);
    off();
    this.stop();
    await this.#acting;
    return outcome;
  }

  /** The answer does not matter any more. Idempotent. */
  stop(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#task?.stop();
    if (this.#filler === 'heard') void this.#dub({ action: 'removeTrack' });
    this.#settle({});
  }

  #after(seconds: number, act: () => void): void {
    const { caller, session } = this.#context;
    this.#timers.push(session.services.clock.after(seconds * 1000, `call ${caller.callSid} waiting for a hook`, act));
  }

  #await(delay: HookDelay): void {
    const { noResponseTimeout, noResponseGiveUpTimeout, giveUpActions } = delay;
    if (delay.actions.length > 0 && delay.retries > 0) this.#after(noResponseTimeout, () => this.#act(delay));
    if (noResponseGiveUpTimeout === undefined) return;
    this.#after(noResponseGiveUpTimeout, () => {
      this.#context.caller.note('hook.abandoned', { after: noResponseGiveUpTimeout });
      this.#settle(giveUpActions === undefined ? hangUp : { next: giveUpActions });
    });
  }

  /** One action; the next follows after as much quiet again. */
  #act(delay: HookDelay): void {
    const verb = delay.actions[this.#turn % delay.actions.length];
    if (verb === undefined) return;
    this.#turn++;
    if (!this.#audible) return this.#next(delay);
    this.#context.caller.note('hook.delayed', { turn: this.#turn, verb: verb.verb });
    this.#task = verb.verb === 'say' ? new SayTask(this.#context, verb) : new PlayTask(this.#context, verb);
    this.#acting = this.#task.run().then(() => this.#next(delay));
  }

  #next(delay: HookDelay): void {
    this.#task = undefined;
    if (this.#state === 'over' || this.#turn >= delay.retries) return;
    this.#after(delay.noResponseTimeout, () => this.#act(delay));
  }

  #fill(url: string | undefined): void {
    if (!this.#audible || url === undefined) return;
    this.#filler = 'heard';
    void this.#dub({ action: 'playOnTrack', play: url, loop: 'forever' });
  }

  #dub(order: Partial<DubVerb> & Pick<DubVerb, 'action'>): Promise<Outcome> {
    const { caller } = this.#context;
    if (caller.end !== undefined) return Promise.resolve({});
    const usual = { verb: 'dub', id: undefined, track, play: undefined, say: undefined, loop: 1, gain: 0 } as const;
    return new DubTask(this.#context, { ...usual, ...order }).run();
  }

  /** A call that only rings hears nothing of us. */
  get #audible(): boolean {
    const { caller } = this.#context;
    return caller.media !== undefined && (caller.state === 'in-progress' || caller.state === 'early-media');
  }
}
