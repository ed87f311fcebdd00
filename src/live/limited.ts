/** Calls that count against limits, as nodes count them together in Redis. Every node says how many it has, each time anew, so
 * what was miscounted is right a heartbeat later; a node that is gone has none. */
import type { Clock } from '../base/index.ts';
import type { LimitAnswer, LimitAsk, LimitCounts } from '../ports/index.ts';
import { rhythm, type Shared } from './shared.ts';

type Parts = { readonly shared: Shared; readonly node: string; readonly clock: Clock };

/** ms. So long after the last call of it a limit is still looked at. */
const lookMs = 600_000;
const most = 10_000;
const atOnce = 200;

export class Limited {
  counts: LimitCounts = { running: () => 0, line: () => [], seen: () => {} };
  readonly #parts: Parts;
  /** When each name was last taken of, monotonic ms. */
  readonly #names = new Map<string, number>();
  #sequence = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async take({ name, maxCalls, maxCps, running, mode, line = [] }: LimitAsk): Promise<LimitAnswer | undefined> {
    const { shared, node } = this.#parts;
    this.#look(name);
    const limits = [maxCalls ?? '', maxCps ?? ''];
    const asked = [running, ...limits, mode, ++this.#sequence, waited(line[0]), waited(line[1])];
    const answer = await shared.ask('take', name, node, rhythm.lease, ...asked);
    if (!Array.isArray(answer)) return undefined;
    const [verdict, others, starts, waitMs] = answer as string[];
    if (verdict !== 'yes' && verdict !== 'calls' && verdict !== 'cps' && verdict !== 'line') return undefined;
    return { verdict, others: Number(others), starts: Number(starts), waitMs: Number(waitMs) };
  }

  holds(name: string, running: number): void {
    this.#look(name);
    const line = waited(this.counts.line(name)[0]);
    void this.#parts.shared.ask('hold', this.#parts.node, rhythm.lease, name, running, line);
  }

  /** Tells what runs here, and learns what runs elsewhere. */
  async beat(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    const names: string[] = [];
    for (const [name, at] of this.#names) {
      names.push(name);
      const idle = this.counts.running(name) === 0 && this.counts.line(name).length === 0;
      if (now - at > lookMs && idle) this.#names.delete(name);
    }
    for (let i = 0; i < names.length; i += atOnce) await this.#tell(names.slice(i, i + atOnce));
  }

  async #tell(names: readonly string[]): Promise<void> {
    const { shared, node } = this.#parts;
    const counts = names.flatMap((name) => [name, this.counts.running(name), waited(this.counts.line(name)[0])]);
    const answer = await shared.ask('hold', node, rhythm.lease, ...counts);
    if (!Array.isArray(answer)) return;
    for (const [i, name] of names.entries())
      this.counts.seen(name, { others: Number(answer[2 * i]), starts: Number(answer[2 * i + 1]) });
  }

  #look(name: string): void {
    this.#names.delete(name);
    this.#names.set(name, this.#parts.clock.monotonic());
    const [oldest] = this.#names.keys();
    if (this.#names.size > most && oldest !== undefined) this.#names.delete(oldest);
  }
}

/** For a script; '' for nobody. */
function waited(ms: number | undefined): number | '' {
  return ms === undefined ? '' : Math.round(ms);
}
