/** Live state of a single node, in memory. Expiry is monotonic: setting the wall clock must not forget every phone. One
 * timer forgets what has expired, whatever the number of bindings. */
import { type Clock, GraineError, type Log, type Timer } from '../base/index.ts';
import {
  type Binding,
  bindingKey,
  type LiveCall,
  type LiveNode,
  type LiveStats,
  type LiveStore,
  replaces,
} from '../ports/index.ts';
import { liveFull } from './errors.ts';

export type MemoryLimits = {
  /** Contacts of one address of record. */
  readonly contactsPerAor: number;
  /** Contacts in all. */
  readonly contacts: number;
};

/** Registrations expire to the second (RFC 3261 §10.2.1.1), so a sweep a second forgets in time; reads check by themselves. */
const sweepMs = 1_000;

/** `deadline`: when it expires, monotonic ms. `offset`: wall less monotonic time when it was bound. */
type Kept = { readonly binding: Binding; readonly deadline: number; readonly offset: number };

/** Steps of the wall clock below this are the usual slewing, ms. */
const step = 1_000;

export class MemoryLive implements LiveStore {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: MemoryLimits;
  readonly #byAor = new Map<string, Kept[]>();
  /** Addresses of record by the second in which one of their contacts may expire. */
  readonly #expiring = new Map<number, Set<string>>();
  readonly #calls = new Map<string, LiveCall>();
  #count = 0;
  #swept: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, log: Log, limits: MemoryLimits) {
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
    this.#swept = second(clock.monotonic());
  }

  async bind(binding: Binding): Promise<void> {
    const others = this.#current(binding.aor).filter((each) => !replaces(binding, each.binding));
    if (others.length >= this.#limits.contactsPerAor)
      this.#refuse(`contacts of ${binding.aor}`, this.#limits.contactsPerAor);
    const before = this.#byAor.get(binding.aor)?.length ?? 0;
    if (this.#count - before + others.length >= this.#limits.contacts) this.#refuse('contacts', this.#limits.contacts);
    const offset = this.#offset();
    const kept: Kept = { binding: Object.freeze({ ...binding }), deadline: binding.expiresAt - offset, offset };
    this.#keep(binding.aor, [...others, kept]);
    this.#expect(binding.aor, kept.deadline);
  }

  async unbind(aor: string, key?: string): Promise<void> {
    const left = key === undefined ? [] : this.#current(aor).filter((each) => bindingKey(each.binding) !== key);
    this.#keep(aor, left);
  }

  async bindings(aor: string): Promise<readonly Binding[]> {
    return this.#current(aor)
      .map((each) => this.#shown(each))
      .sort(preferred);
  }

  async bindingsOf(accountSid: string): Promise<readonly Binding[]> {
    const found: Binding[] = [];
    for (const aor of this.#byAor.keys()) {
      for (const kept of this.#current(aor)) if (kept.binding.accountSid === accountSid) found.push(this.#shown(kept));
    }
    return found;
  }

  /** Every binding there is. */
  *all(): Generator<Binding> {
    for (const aor of this.#byAor.keys()) for (const kept of this.#current(aor)) yield this.#shown(kept);
  }

  async registered(): Promise<number> {
    let count = 0;
    for (const aor of this.#byAor.keys()) count += this.#current(aor).length;
    return count;
  }

  async putCall(call: LiveCall): Promise<void> {
    this.#calls.set(call.callSid, call);
  }

  async removeCall(callSid: string): Promise<void> {
    this.#calls.delete(callSid);
  }

  async calls(accountSid: string): Promise<readonly LiveCall[]> {
    return [...this.#calls.values()].filter((call) => call.accountSid === accountSid && call.session === undefined);
  }

  async call(callSid: string): Promise<LiveCall | undefined> {
    return this.#calls.get(callSid);
  }

  async ban(): Promise<void> {
    // There is no other node.
  }

  onBan(): void {
    // There is no other node.
  }

  async claim(): Promise<undefined> {
    return undefined;
  }

  async take(): Promise<undefined> {
    return undefined;
  }

  holds(): void {
    // There is no other node.
  }

  count(): void {
    // There is no other node.
  }

  onReach(): void {
    // Memory does not go away.
  }

  onLost(): void {
    // There is no other node.
  }

  announce(): void {
    // There is no other node.
  }

  nodes(): readonly LiveNode[] {
    return [];
  }

  stats(): LiveStats {
    return { shared: false, up: true, nodes: 1, known: 1, refused: 0, waiting: 0 };
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#byAor.clear();
    this.#expiring.clear();
    this.#calls.clear();
    this.#count = 0;
  }

  #refuse(what: string, limit: number): never {
    this.#log.warn({ what, limit }, 'a registration is refused: too many contacts');
    throw new GraineError(liveFull, { what, limit });
  }

  /** A fresh list of what has not expired. */
  #current(aor: string): Kept[] {
    const now = this.#clock.monotonic();
    return (this.#byAor.get(aor) ?? []).filter((each) => each.deadline > now);
  }

  /** The binding, its times those of the wall clock as it goes now. */
  #shown({ binding, offset }: Kept): Binding {
    const moved = this.#offset() - offset;
    if (Math.abs(moved) < step) return binding;
    return { ...binding, registeredAt: binding.registeredAt + moved, expiresAt: binding.expiresAt + moved };
  }

  #offset(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }

  #keep(aor: string, bindings: Kept[]): void {
    this.#count += bindings.length - (this.#byAor.get(aor)?.length ?? 0);
    if (bindings.length === 0) this.#byAor.delete(aor);
    else this.#byAor.set(aor, bindings);
    if (this.#count > 0) this.#timer ??= this.#start();
    else {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#expiring.clear();
    }
  }

  #expect(aor: string, deadline: number): void {
    const due = Math.max(second(deadline) + 1, this.#swept + 1);
    const at = this.#expiring.get(due);
    if (at === undefined) this.#expiring.set(due, new Set([aor]));
    else at.add(aor);
  }

  #start(): Timer {
    this.#swept = second(this.#clock.monotonic());
    return this.#clock.every(sweepMs, 'live expiry', () => this.#sweep());
  }

  #sweep(): void {
    const now = second(this.#clock.monotonic());
    for (let due = this.#swept + 1; due <= now; due++) {
      const aors = this.#expiring.get(due);
      this.#expiring.delete(due);
      for (const aor of aors ?? []) this.#keep(aor, this.#current(aor));
    }
    this.#swept = Math.max(this.#swept, now);
  }
}

/** Highest q first, newest first. */
export function preferred(a: Binding, b: Binding): number {
  return b.q - a.q || b.registeredAt - a.registeredAt;
}

function second(ms: number): number {
  return Math.floor(ms / 1_000);
}
