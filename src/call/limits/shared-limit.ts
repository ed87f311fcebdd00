/** The calls of one account or carrier, counted over all nodes. Below half of a limit a call begins at once and Redis is told
 * afterwards; nearer to it, and always where a limit is below ten, Redis is asked first: one step there, so two nodes never
 * get the same place. While Redis is away each node counts its own share.
 *
 * What a node begins unasked on a picture that is up to a second old is a tenth of the limit at most: by so much the other
 * nodes can take a limit too far, if it fills from less than half within that second. */
import type { Clock } from '../../base/index.ts';
import type { LimitAnswer, LimitLine, LimitView, LiveStore } from '../../ports/index.ts';

export type Limits = { readonly maxCalls: number | undefined; readonly maxCps: number | undefined };
/** May a call begin? If not, which limit is reached, or whether somebody at another node comes first. */
export type Verdict = LimitAnswer['verdict'];

export type SharedLimitParts = {
  readonly clock: Clock;
  readonly live: Pick<LiveStore, 'take' | 'stats'>;
  readonly name: string;
  /** Calls that run here. */
  readonly running: () => number;
  /** Calls that wait here; without it none does. */
  readonly line?: () => LimitLine;
};

/** ms. `fresh`: a picture of the others counts for so long; `full`: so long no place is asked for again when there is none,
 * and `turn` when somebody else comes first. */
const times = { window: 1_000, fresh: 1_500, full: 250, turn: 50 } as const;
const exactBelow = 10;

export class SharedLimit {
  readonly #parts: SharedLimitParts;
  /** When calls of the last second began here, monotonic ms, oldest first. */
  readonly #starts: number[] = [];
  /** Asked for, and not answered yet. */
  #pending = 0;
  #view: (LimitView & { readonly at: number }) | undefined;
  /** Begun since that view without asking. */
  #unasked = 0;
  #fullUntil: Readonly<Record<'calls' | 'cps' | 'line', number>> = {
    calls: -Infinity,
    cps: -Infinity,
    line: -Infinity,
  };

  constructor(parts: SharedLimitParts) {
    this.#parts = parts;
  }

  /** What this node takes of the limit: calls that run here, and those that are asked for. A place that was given counts in Redis
   * before the answer is here; who told a number without it would give it to another. */
  get held(): number {
    return this.#parts.running() + this.#pending;
  }

  get line(): LimitLine {
    return this.#parts.line?.() ?? [];
  }

  /** A `yes` counts: the call begins. */
  begin(limits: Limits): Verdict | Promise<Verdict> {
    const now = this.#now();
    const { shared, up, known } = this.#parts.live.stats();
    const here = this.#judge(shared && !up ? shareOf(limits, known) : limits);
    if (here !== 'yes') return here;
    if (!shared || !up) return this.#start(now);
    if (limits.maxCps !== undefined && now < this.#fullUntil.cps) return 'cps';
    if (limits.maxCalls !== undefined && now < this.#fullUntil.calls) return 'calls';
    if (now < this.#fullUntil.line) return 'line';
    if (!this.#mayUnasked(limits, now)) return this.#ask(limits);
    this.#unasked++;
    void this.#take(limits, 'tell');
    return this.#start(now);
  }

  /** A call has ended here. */
  ended(): void {
    this.#fullUntil = { ...this.#fullUntil, calls: -Infinity };
  }

  /** How long it may be before one can begin, ms; undefined: until one ends here. */
  waitFor(verdict: Exclude<Verdict, 'yes'>, limits: Limits): number | undefined {
    const now = this.#now();
    if (verdict === 'line') return times.turn;
    if (verdict === 'calls') {
      const { shared, up } = this.#parts.live.stats();
      const own = this.held >= (limits.maxCalls ?? Infinity);
      return own || !shared || !up ? undefined : times.full;
    }
    const [oldest = now] = this.#starts;
    const here = this.#starts.length < (limits.maxCps ?? Infinity) ? 0 : oldest + times.window - now;
    return Math.max(1, here, this.#fullUntil.cps - now);
  }

  /** What the other nodes had at the last heartbeat. */
  seen(view: LimitView): void {
    this.#view = { ...view, at: this.#now() };
    this.#unasked = 0;
  }

  #now(): number {
    const now = this.#parts.clock.monotonic();
    while (this.#starts.length > 0 && now - (this.#starts[0] ?? 0) >= times.window) this.#starts.shift();
    return now;
  }

  /** By what is known here alone. */
  #judge({ maxCalls, maxCps }: Limits): Verdict {
    if (maxCalls !== undefined && this.held >= maxCalls) return 'calls';
    return maxCps !== undefined && this.#starts.length >= maxCps ? 'cps' : 'yes';
  }

  #start(now: number): 'yes' {
    this.#starts.push(now);
    return 'yes';
  }

  #mayUnasked({ maxCalls, maxCps }: Limits, now: number): boolean {
    const view = this.#view;
    const { nodes } = this.#parts.live.stats();
    if (nodes <= 1) return true;
    if (view === undefined || now - view.at > times.fresh) return false;
    const may = (limit: number | undefined, used: number): boolean => {
      if (limit === undefined) return true;
      if (limit < exactBelow || used * 2 >= limit) return false;
      return this.#unasked < Math.min(limit / 10, (limit - used) / nodes);
    };
    return may(maxCalls, view.others + this.held) && may(maxCps, Math.max(view.starts, this.#starts.length));
  }

  async #ask(limits: Limits): Promise<Verdict> {
    const at = this.#now();
    const answering = this.#take(limits, 'ask');
    this.#pending++;
    this.#starts.push(at);
    const answer = await answering;
    this.#pending--;
    const verdict = answer?.verdict ?? this.#byShare(limits);
    if (verdict !== 'yes') this.#starts.splice(this.#starts.indexOf(at), 1);
    return verdict;
  }

  /** The place that was asked for is among the starts, but does not run. */
  #byShare(limits: Limits): Verdict {
    const { maxCalls, maxCps } = shareOf(limits, this.#parts.live.stats().known);
    return this.#judge({ maxCalls, maxCps: maxCps === undefined ? undefined : maxCps + 1 });
  }

  /** The answer; undefined when Redis is away. It has a second. */
  async #take(limits: Limits, mode: 'ask' | 'tell'): Promise<LimitAnswer | undefined> {
    const { live, name } = this.#parts;
    const answer = await live.take({ name, ...limits, running: this.held, mode, line: this.line });
    if (answer === undefined) return undefined;
    this.seen(answer);
    const now = this.#now();
    this.#fullUntil = {
      calls: answer.verdict === 'calls' ? now + times.full : -Infinity,
      line: answer.verdict === 'line' ? now + times.turn : -Infinity,
      cps: answer.waitMs > 0 ? now + Math.min(answer.waitMs, times.window) : -Infinity,
    };
    return answer;
  }
}

/** Rounded up: with one call allowed, every node may have it. */
function shareOf({ maxCalls, maxCps }: Limits, nodes: number): Limits {
  const share = (limit: number | undefined) => (limit === undefined ? undefined : Math.ceil(limit / nodes));
  return { maxCalls: share(maxCalls), maxCps: share(maxCps) };
}
