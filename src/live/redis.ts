/** Live state that several nodes share, in Redis. This node keeps a copy of what it wrote and read: while Redis is away it
 * serves that, and tells Redis what has changed when it is back. */
import { type Clock, GraineError, type Log, silentLog } from '../base/index.ts';
import type { Binding, LiveCall, LiveStats, LiveStore, SharedBan } from '../ports/index.ts';
import type { Change } from './backlog.ts';
import { liveFull } from './errors.ts';
import { MemoryLive, type MemoryLimits, preferred } from './memory.ts';
import { rhythm, Shared } from './shared.ts';
import { decodeBan, decodeBinding, decodeCall } from './stored.ts';

export type RedisParts = {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
  readonly limits: MemoryLimits;
};

/** After Redis lost its data, so long a contact that it does not know yet is still believed, ms: its node tells it again. */
const trustMs = 30_000;
const aorsAtOnce = 1_000;
const readsAtOnce = 100;
/** Pages of a listing: bounds what one REST request can ask of Redis. */
const maxPages = 200;
const maxEarly = 1_000;
const warnEvery = 60_000;

export class RedisLive implements LiveStore {
  readonly #parts: RedisParts;
  readonly #shared: Shared;
  readonly #copy: MemoryLive;
  /** Calls that run here. */
  readonly #mine = new Map<string, LiveCall>();
  /** Their number, by account. */
  readonly #running = new Map<string, number>();
  /** Bans that were heard before anybody listened: those of the first reading. */
  readonly #early: SharedBan[] = [];
  #hear: (ban: SharedBan) => void = (ban) => {
    if (this.#early.length < maxEarly) this.#early.push(ban);
  };
  #trustUntil = -Infinity;
  #refused = 0;
  #warnedAt = -Infinity;

  constructor(parts: RedisParts) {
    this.#parts = parts;
    const { clock, limits } = parts;
    this.#copy = new MemoryLive(clock, silentLog, limits);
    this.#shared = new Shared({
      ...parts,
      running: this.#running,
      onBan: (fields, ageMs) => this.#hearBan(fields, ageMs),
      onForgotten: (what) => this.#tellAgain(what),
    });
  }

  start(): Promise<void> {
    return this.#shared.start();
  }

  async bind(binding: Binding): Promise<void> {
    const since = this.#parts.clock.monotonic();
    const change = this.#bindChange(binding);
    const verdict = await this.#shared.tell(change, since);
    const { contactsPerAor, contacts } = this.#parts.limits;
    if (verdict === 'aor') this.#refuse(`contacts of ${binding.aor}`, contactsPerAor);
    if (verdict === 'total') this.#refuse('contacts', contacts);
    if (verdict !== undefined) return this.#remember(binding);
    await this.#copy.bind(binding);
    this.#shared.later(change, since);
  }

  async unbind(aor: string, contact?: string): Promise<void> {
    await this.#copy.unbind(aor, contact);
    await this.#change({ kind: 'unbind', aor, contact });
    // A read that was on its way meanwhile may have brought it back.
    await this.#copy.unbind(aor, contact);
  }

  async bindings(aor: string): Promise<readonly Binding[]> {
    return (await this.#read(aor)) ?? this.#copy.bindings(aor);
  }

  async bindingsOf(accountSid: string): Promise<readonly Binding[]> {
    const found: Binding[] = [];
    for (let page = 0; page < maxPages; page++) {
      const aors = await this.#shared.ask('aors', accountSid, page * aorsAtOnce, aorsAtOnce);
      if (!Array.isArray(aors)) return this.#copy.bindingsOf(accountSid);
      for (let i = 0; i < aors.length; i += readsAtOnce) {
        const some = aors.slice(i, i + readsAtOnce).map((aor) => this.bindings(String(aor)));
        found.push(...(await Promise.all(some)).flat().filter((each) => each.accountSid === accountSid));
      }
      if (aors.length < aorsAtOnce) break;
    }
    return found;
  }

  async registered(): Promise<number> {
    const count = await this.#shared.ask('registered');
    return count === undefined ? this.#copy.registered() : Number(count);
  }

  async putCall(call: LiveCall): Promise<void> {
    if (!this.#mine.has(call.callSid)) this.#count(call.accountSid, 1);
    this.#mine.set(call.callSid, call);
    await this.#change({ kind: 'put', call });
  }

  async removeCall(callSid: string): Promise<void> {
    const mine = this.#mine.get(callSid);
    if (mine !== undefined) this.#count(mine.accountSid, -1);
    this.#mine.delete(callSid);
    await this.#change({ kind: 'remove', callSid });
  }

  async calls(accountSid: string): Promise<readonly LiveCall[]> {
    const found = new Map<string, LiveCall>();
    let cursor = '0';
    for (let page = 0; page < maxPages; page++) {
      const answer = await this.#shared.ask('calls', accountSid, cursor, rhythm.lease);
      if (!Array.isArray(answer)) break;
      const [next, nodes, entries] = answer as [string, string[], string[]];
      for (const [callSid, value] of pairs(entries)) {
        const call = decodeCall(callSid, accountSid, value);
        if (call === undefined) this.#distrust(`calls of ${accountSid}`);
        else if (nodes.includes(call.node)) found.set(callSid, call);
      }
      cursor = next;
      if (cursor === '0') break;
    }
    for (const call of this.#mine.values()) if (call.accountSid === accountSid) found.set(call.callSid, call);
    return [...found.values()];
  }

  async call(callSid: string): Promise<LiveCall | undefined> {
    const mine = this.#mine.get(callSid);
    if (mine !== undefined) return mine;
    const answer = await this.#shared.ask('findCall', callSid, rhythm.lease);
    if (!Array.isArray(answer) || answer.length === 0) return undefined;
    const [account, node, started] = answer as [string, string, string];
    const call = decodeCall(callSid, account, `${node} ${started}`);
    if (call === undefined) this.#distrust(`call ${callSid}`);
    return call;
  }

  async ban({ address, ms, reason }: SharedBan): Promise<void> {
    await this.#shared.ask('ban', this.#parts.node, address, Math.round(ms), reason);
  }

  onBan(hear: (ban: SharedBan) => void): void {
    this.#hear = hear;
    for (const ban of this.#early.splice(0)) hear(ban);
  }

  callsElsewhere(accountSid: string): number {
    return this.#shared.callsElsewhere(accountSid);
  }

  stats(): LiveStats {
    const { up, nodes, waiting } = this.#shared;
    return { up, nodes: nodes.length, refused: this.#refused, waiting };
  }

  async close(): Promise<void> {
    await this.#shared.close();
    await this.#copy.close();
  }

  #hearBan(fields: readonly string[], ageMs: number): void {
    const ban = decodeBan(fields, ageMs);
    if (ban === undefined) this.#distrust('bans');
    else if (ban.node !== this.#parts.node && ban.ms > 0) this.#hear(ban);
  }

  #count(accountSid: string, by: 1 | -1): void {
    const count = (this.#running.get(accountSid) ?? 0) + by;
    if (count === 0) this.#running.delete(accountSid);
    else this.#running.set(accountSid, count);
  }

  async #change(change: Change): Promise<void> {
    const since = this.#parts.clock.monotonic();
    if ((await this.#shared.tell(change, since)) === undefined) this.#shared.later(change, since);
  }

  /** What Redis says, with what this node still trusts; undefined when it is away. */
  async #read(aor: string): Promise<Binding[] | undefined> {
    const answer = await this.#shared.ask('bindings', aor);
    if (!Array.isArray(answer)) return undefined;
    const [now, ...entries] = answer as string[];
    const clocks = { redis: Number(now), here: this.#parts.clock.now() };
    const found: Binding[] = [];
    for (const [contact, value] of pairs(entries)) {
      const binding = decodeBinding(value, { aor, contact }, clocks);
      if (binding !== undefined) found.push(binding);
      else {
        this.#distrust(`contacts of ${aor.slice(0, 100)}`);
        void this.#shared.ask('discard', aor, contact, value);
      }
    }
    if (this.#parts.clock.monotonic() < this.#trustUntil) {
      const known = new Set(found.map((each) => each.contact));
      found.push(...(await this.#copy.bindings(aor)).filter((each) => !known.has(each.contact)));
    }
    await this.#copy.unbind(aor);
    for (const binding of found) await this.#remember(binding);
    return found.sort(preferred);
  }

  /** The copy may be full: then this contact is not known while Redis is away. */
  async #remember(binding: Binding): Promise<void> {
    await this.#copy.bind(binding).catch((fault: unknown) => {
      if (!(fault instanceof GraineError) || fault.code !== 'live-full') throw fault;
    });
  }

  #bindChange(binding: Binding): Change {
    const now = this.#parts.clock.now();
    return { kind: 'bind', binding, age: now - binding.registeredAt, left: binding.expiresAt - now };
  }

  #tellAgain(what: 'everything' | 'calls'): void {
    for (const call of this.#mine.values()) this.#shared.again({ kind: 'put', call });
    if (what === 'calls') return;
    this.#trustUntil = this.#parts.clock.monotonic() + trustMs;
    for (const binding of this.#copy.all()) {
      if (binding.node === this.#parts.node) this.#shared.again(this.#bindChange(binding));
    }
  }

  #refuse(what: string, limit: number): never {
    this.#parts.log.warn({ what, limit }, 'a registration is refused: too many contacts');
    throw new GraineError(liveFull, { what, limit });
  }

  #distrust(what: string): void {
    this.#refused++;
    const now = this.#parts.clock.monotonic();
    if (now - this.#warnedAt < warnEvery) return;
    this.#warnedAt = now;
    this.#parts.log.warn({ what, refused: this.#refused }, 'Redis holds what is not understood; it is ignored');
  }
}

function* pairs(list: readonly string[]): Generator<[string, string]> {
  for (let i = 0; i + 1 < list.length; i += 2) yield [list[i] as string, list[i + 1] as string];
}
