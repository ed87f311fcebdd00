import type { Endpoint } from './endpoint.ts';
import type { Report, WorkerSetup } from './protocol.ts';

/** A released pair rests at most this long, however much still comes in. */
export const MAX_REST_MS = 600_000;

type Rest = { readonly slot: number; readonly since: number; until: number; lastHeard: number };

/** Who owns each bound pair of ports. A released pair rests: what still comes in is dropped, and only a quiet pair is
 * given back, so that no call hears the ghost of the one before. */
export class Slots {
  readonly #setup: WorkerSetup;
  readonly #ports: number[] = [];
  readonly #slotOf = new Map<number, number>();
  readonly #owners: (Endpoint | undefined)[] = [];
  readonly #resting = new Map<number, Rest>();
  #bound: number[] = [];
  #failed: number[] = [];
  #why = '';
  #outstanding = 0;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  get resting(): number {
    return this.#resting.size;
  }

  /** A slot for a port that is being bound. */
  claim(port: number): number {
    this.#outstanding++;
    const known = this.#slotOf.get(port);
    if (known !== undefined) return known;
    const slot = this.#ports.push(port) - 1;
    this.#owners.push(undefined);
    this.#slotOf.set(port, slot);
    return slot;
  }

  /** One pair stands or failed; a report once all that were asked for have settled. */
  bound(slot: number, error: string | undefined): Report | undefined {
    const port = this.#ports[slot]!;
    if (error === undefined) this.#bound.push(port);
    else {
      this.#failed.push(port);
      this.#why = error;
    }
    if (--this.#outstanding > 0) return undefined;
    const report: Report = { say: 'bound', ports: this.#bound, failed: this.#failed, why: this.#why };
    this.#bound = [];
    this.#failed = [];
    return report;
  }

  slotOf(port: number): number {
    const slot = this.#slotOf.get(port);
    if (slot === undefined) throw new Error(`port ${port} is not bound here`);
    return slot;
  }

  occupy(slot: number, endpoint: Endpoint): void {
    this.#owners[slot] = endpoint;
  }

  /** Whose packet this is; undefined where nobody listens (and a resting pair begins its quiet anew). */
  owner(slot: number, now: number): Endpoint | undefined {
    const owner = this.#owners[slot];
    if (owner !== undefined) return owner;
    const rest = this.#resting.get(slot);
    if (rest !== undefined) rest.lastHeard = now;
    return undefined;
  }

  rest({ slot, reception, refused }: Endpoint, now: number): void {
    this.#owners[slot] = undefined;
    const ms = reception.packets > 0 || refused > 0 ? this.#setup.restMs : this.#setup.restUnusedMs;
    this.#resting.set(slot, { slot, since: now, until: now + ms, lastHeard: -1 });
  }

  /** A pair that no endpoint had, but a far end may have been told of. */
  restUnused(slot: number, now: number): void {
    this.#resting.set(slot, { slot, since: now, until: now + this.#setup.restUnusedMs, lastHeard: -1 });
  }

  /** Pairs that have rested. */
  sweep(now: number): Report[] {
    const ports: number[] = [];
    for (const rest of this.#resting.values()) {
      const quietUntil = rest.lastHeard < 0 ? rest.until : Math.max(rest.until, rest.lastHeard + this.#setup.restMs);
      if (now < Math.min(quietUntil, rest.since + Math.max(MAX_REST_MS, this.#setup.restMs))) continue;
      this.#resting.delete(rest.slot);
      ports.push(this.#ports[rest.slot]!);
    }
    return ports.length === 0 ? [] : [{ say: 'rested', ports }];
  }
}
