/** While one party of a connected dial holds, the other hears what the application says (onHoldHook), or the music that
 * config set for the call. decisions.md "REFER,
 * hold, transfer", reference.md 1.12. */
import { callInfo, held, type Leg } from '../../../call/index.ts';
import type { HookRef } from '../../../ports/index.ts';
import { type DialVerb, describeFaults, parseApplication } from '../../schema/schema.ts';
import type { ScreeningScript, TaskContext } from '../../task.ts';

/** What may be heard on hold. */
const heard: ReadonlySet<string> = new Set(['play', 'say', 'pause']);
/** The hook is asked again when its verbs have ended, but not more often than this, ms. */
const ROUND_MS = 1000;

type Holding = { script: ScreeningScript | undefined; wake: () => void };
type Detail = { readonly from: string; readonly to: string };

/** Does who is held hear something of ours? */
export function entertains({ background }: TaskContext, { onHoldHook }: DialVerb): boolean {
  return onHoldHook !== undefined || background.onHoldMusic !== undefined;
}

/** Watches both parties; returns what ends it. */
export function holdMusic(context: TaskContext, dial: DialVerb, winner: Leg): (() => void) | undefined {
  if (!entertains(context, dial)) return undefined;
  const { caller } = context;
  const { onHoldHook } = dial;
  const watchers = [
    new HoldWatch(context, onHoldHook, { holder: caller, other: winner }),
    new HoldWatch(context, onHoldHook, { holder: winner, other: caller }),
  ];
  return () => watchers.forEach((each) => each.close());
}

class HoldWatch {
  readonly #context: TaskContext;
  /** Undefined: the music of the call. */
  readonly #hook: HookRef | undefined;
  readonly #holder: Leg;
  readonly #other: Leg;
  readonly #off: () => void;
  #holding: Holding | undefined;

  constructor(context: TaskContext, hook: HookRef | undefined, { holder, other }: { holder: Leg; other: Leg }) {
    this.#context = context;
    this.#hook = hook;
    this.#holder = holder;
    this.#other = other;
    this.#off = holder.events.on('direction', (from, to) => this.#turned({ from, to }));
  }

  close(): void {
    this.#off();
    this.#resume();
  }

  #turned(detail: Detail): void {
    const holds = held(this.#holder.media?.negotiation.agreement?.direction);
    if (!holds) return this.#resume();
    if (this.#holding !== undefined) return;
    const holding: Holding = { script: undefined, wake: () => {} };
    this.#holding = holding;
    this.#other.note('hold.started', { by: this.#holder.callSid });
    if (this.#hook === undefined) void this.#music(holding);
    else void this.#entertain(holding, this.#hook, detail);
  }

  #resume(): void {
    const holding = this.#holding;
    if (holding === undefined) return;
    this.#holding = undefined;
    holding.script?.stop();
    holding.wake();
    this.#other.note('hold.ended', { by: this.#holder.callSid });
  }

  async #music(holding: Holding): Promise<void> {
    const { onHoldMusic: url } = this.#context.background;
    if (url === undefined) return;
    holding.script = this.#context.screen(this.#other);
    await holding.script.run([{ verb: 'play', url, loop: 'forever' }]);
  }

  /** Asks and plays, round after round, until the other comes back or there is nothing to play. */
  async #entertain(holding: Holding, hook: HookRef, detail: Detail): Promise<void> {
    const { session, caller } = this.#context;
    const { clock } = session.services;
    while (this.#holding === holding) {
      const begun = clock.monotonic();
      const payload = { ...callInfo(caller), hold_detail: detail };
      const answer = await session.link.request(hook, 'verb:hook', payload);
      if (this.#holding !== holding || !answer.ok || !this.#playable(answer.body)) return;
      holding.script = this.#context.screen(this.#other);
      await holding.script.run(answer.body);
      await this.#rest(holding, ROUND_MS - (clock.monotonic() - begun));
    }
  }

  /** Nothing, or what may not be heard on hold, ends the asking: silence then, and an alert that says why. */
  #playable(document: unknown): boolean {
    if (document === undefined) return false;
    const parsed = parseApplication(document);
    if (parsed.ok && parsed.verbs.length === 0) return false;
    const faults = parsed.ok
      ? parsed.verbs.flatMap(({ verb }, i) => (heard.has(verb) ? [] : [`[${i}]: only play, say and pause on hold`]))
      : parsed.faults.map((fault) => describeFaults([fault]));
    if (faults.length === 0) return true;
    const { session } = this.#context;
    session.services.alerts.raise({
      accountSid: session.accountSid,
      callSid: this.#other.callSid,
      type: 'invalid-app-payload',
      message: faults[0] ?? 'not valid',
      detail: faults.join('\n'),
    });
    return false;
  }

  #rest(holding: Holding, ms: number): Promise<void> {
    if (ms <= 0 || this.#holding !== holding) return Promise.resolve();
    return new Promise((resolve) => {
      const label = `call ${this.#other.callSid} hold`;
      const timer = this.#context.session.services.clock.after(ms, label, () => holding.wake());
      holding.wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
