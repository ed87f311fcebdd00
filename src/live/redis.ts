/** Live state that several nodes share, in Redis. This node keeps a copy of what it wrote and read: while Redis is away it
 * serves that, and tells Redis what has changed when it is back. */
import { type Clock, GraineError, type Log, silentLog } from '../base/index.ts';
import {
  type Binding,
  bindingKey,
  type LimitAnswer,
  type LimitAsk,
  type LimitCounts,
  type LiveCall,
  type LiveNode,
  type LiveStats,
  type LiveStore,
  type SharedBan,
} from '../ports/index.ts';
import type { Change } from './backlog.ts';
import { CallNews } from './call-news.ts';
import { mourning } from './deaths.ts';
import { isOfNode } from './detour.ts';
import { liveFull } from './errors.ts';
import { Limited } from './limited.ts';
import type { Members, MembersListener } from './members.ts';
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
/** Longer than any outage of Redis that is waited out, ms. */
const longAgo = 600_000;

const noListener: MembersListener = {
  taken: () => Promise.resolve([]),
  gone: () => {},
  died: () => {},
  forgotten: () => {},
};

export class RedisLive implements LiveStore {
  readonly #parts: RedisParts;
  readonly #shared: Shared;
  readonly #copy: MemoryLive;
  /** Calls that run here. */
  readonly #mine = new Map<string, LiveCall>();
  readonly #news: CallNews;
  readonly #limited: Limited;
  /** Bans that were heard before anybody listened: those of the first reading. */
  readonly #early: SharedBan[] = [];
  #hear: (ban: SharedBan) => void = (ban) => {
    if (this.#early.length < maxEarly) this.#early.push(ban);
  };
  #listener = noListener;
  #reach: (there: boolean, reason: string) => void = () => {};
  #lost: (node: string) => void = () => {};
  #trustUntil = -Infinity;
  #refused = 0;
  #warnedAt = -Infinity;

  constructor(parts: RedisParts) {
    this.#parts = parts;
    const { clock, limits } = parts;
    this.#copy = new MemoryLive(clock, silentLog, limits);
    this.#shared = new Shared({
      ...parts,
      onBeat: () => this.#limited.beat(),
      onBan: (fields, ageMs) => this.#hearBan(fields, ageMs),
      onReach: (there, reason) => this.#reach(there, reason),
      onForgotten: (what) => this.#tellAgain(what),
      onTaken: () => this.#disown(),
      onGone: (gone, steady) => this.#listener.gone(gone, steady),
      onDied: (died) => this.#listener.died(died),
      onLost: (node) => this.#lost(node),
    });
    this.#news = new CallNews({ shared: this.#shared, node: parts.node, clock });
    this.#limited = new Limited({ shared: this.#shared, node: parts.node, clock });
  }

  get members(): Members {
    const shared = this.#shared;
    const { node } = this.#parts;
    return {
      node,
      lease: rhythm.lease,
      longAgo,
      proven: mourning.proven,
      watchBy: (witness) => shared.deaths.watchBy(witness),
      get sure() {
        return shared.sure;
      },
      whenSure: () => shared.whenSure(),
      others: () => shared.nodes.filter((each) => each !== node).length,
      follow: (listener) => {
        this.#listener = listener;
      },
      resign: () => this.#news.tell().then(() => shared.resign()),
      detour: (way) => void (shared.detour = way),
      around: (script, values) => shared.around(script, values),
      serve: (from, script, values) =>
        isOfNode(from, script, values) ? shared.ask(script, ...values) : Promise.resolve(undefined),
    };
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

  async unbind(aor: string, key?: string): Promise<void> {
    await this.#copy.unbind(aor, key);
    await this.#change({ kind: 'unbind', aor, key });
    // A read that was on its way meanwhile may have brought it back.
    await this.#copy.unbind(aor, key);
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

  putCall(call: LiveCall): Promise<void> {
    const fresh = !this.#mine.has(call.callSid);
    this.#mine.set(call.callSid, call);
    return this.#news.add({ kind: 'put', call }, fresh);
  }

  removeCall(callSid: string): Promise<void> {
    this.#mine.delete(callSid);
    return this.#news.add({ kind: 'remove', callSid }, false);
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
    for (const call of this.#mine.values())
      if (call.accountSid === accountSid && call.session === undefined) found.set(call.callSid, call);
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

  async claim(what: string): Promise<string | undefined> {
    const node = await this.#shared.ask('claim', what, this.#parts.node, rhythm.lease);
    return typeof node === 'string' ? node : undefined;
  }

  take(ask: LimitAsk): Promise<LimitAnswer | undefined> {
    return this.#limited.take(ask);
  }

  holds(name: string, running: number): void {
    this.#limited.holds(name, running);
  }

  count(counts: LimitCounts): void {
    this.#limited.counts = counts;
  }

  onReach(hear: (there: boolean, reason: string) => void): void {
    this.#reach = hear;
    const { away } = this.#shared;
    if (away !== undefined) hear(false, away);
  }

  onLost(hear: (node: string) => void): void {
    this.#lost = hear;
  }

  announce(address: string): void {
    this.#shared.announce(address);
  }

  nodes(): readonly LiveNode[] {
    return this.#shared.announced;
  }

  stats(): LiveStats {
    const { up, nodes, known, waiting } = this.#shared;
    return { shared: true, up, nodes: nodes.length, known, refused: this.#refused, waiting };
  }

  async close(): Promise<void> {
    await this.#news.close();
    await this.#shared.close();
    await this.#copy.close();
  }

  #hearBan(fields: readonly string[], ageMs: number): void {
    const ban = decodeBan(fields, ageMs);
    if (ban === undefined) this.#distrust('bans');
    else if (ban.node !== this.#parts.node && ban.ms > 0) this.#hear(ban);
  }

  async #disown(): Promise<void> {
    const taken = new Set(await this.#listener.taken());
    if (taken.size === 0) return;
    for (const [callSid, { session }] of this.#mine) if (taken.has(session ?? callSid)) this.#mine.delete(callSid);
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
    for (const [key, value] of pairs(entries)) {
      const binding = decodeBinding(value, { aor, key }, clocks);
      if (binding !== undefined) found.push(binding);
      else {
        this.#distrust(`contacts of ${aor.slice(0, 100)}`);
        void this.#shared.ask('discard', aor, key, value);
      }
    }
    if (this.#parts.clock.monotonic() < this.#trustUntil) {
      const known = new Set(found.map(bindingKey));
      found.push(...(await this.#copy.bindings(aor)).filter((each) => !known.has(bindingKey(each))));
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
    this.#listener.forgotten();
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
