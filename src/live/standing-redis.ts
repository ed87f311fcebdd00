/** Snapshots of standing calls in Redis, over a connection of their own: the heartbeat never waits behind them. What cannot be
 * written now is not kept here but asked for anew when Redis is back, so that what waits stays small. */
import { type Clock, type Log, messageOf, type Timer } from '../base/index.ts';
import type { SharedStandingCalls, Whereabouts } from '../ports/index.ts';
import type { Members } from './members.ts';
import { RedisLink } from './redis-link.ts';
import type { ScriptName } from './scripts.ts';

export type StandingSealer = {
  seal(row: { readonly kind: string; readonly sid: string }, text: string): string;
  open(row: { readonly kind: string; readonly sid: string }, document: string): string;
};

export type StandingRedisParts = {
  readonly url: string;
  readonly members: Members;
  readonly sealer: StandingSealer;
  readonly clock: Clock;
  readonly log: Log;
};

/** Changes wait so long for others, ms, and so many go out at a time. Not longer: a node that dies meanwhile leaves calls that
 * are over. */
const GATHER_MS = 10;
const AT_ONCE = 50;
/** Calls taken at a time from a node that is gone, and how often at once: the living share them, each as fast as it can. */
const CLAIM = 25;
const CLAIMERS = 4;
const LONGEST = 512 * 1024;
const LONGEST_TAG = 64;
/** For the others to take what this node leaves, ms; and how often it looks. */
const RESIGN_MS = 10_000;
const LOOK_MS = 50;
const kind = 'standing';

/** What there is to write; undefined: the call is over. */
type Sent = { readonly lost: readonly string[] } | 'unknown';
type Change = { readonly snapshot: string; readonly tags: readonly string[] } | undefined;

export class StandingRedis implements SharedStandingCalls {
  readonly #parts: StandingRedisParts;
  readonly #link: RedisLink;
  readonly #waiting = new Map<string, Change>();
  /** What Redis has, as far as is known, and what it may not have got. */
  readonly #kept = new Set<string>();
  readonly #doubtful = new Set<string>();
  readonly #claiming = new Set<string>();
  /** Under way to Redis: the calls whose changes it has, and what came of it. */
  readonly #sending = new Set<{ readonly sids: ReadonlySet<string>; readonly sent: Promise<Sent> }>();
  /** Redis may have given this node calls in an answer that never came. */
  #unheard: 'none' | 'some' | 'asking' = 'none';
  #timer: Timer | undefined;
  #stale: (sid: string) => void = () => {};
  /** Until somebody listens no call is taken. */
  #orphans: ((snapshots: readonly string[]) => Promise<void>) | undefined;
  #taken: (sids: readonly string[]) => void = () => {};
  #tookOver: (from: string, calls: number) => void = () => {};

  constructor(parts: StandingRedisParts) {
    this.#parts = parts;
    this.#link = new RedisLink(parts.url, { onReady: () => this.#again(), onClosed: () => {} });
    parts.members.follow({
      taken: () => this.#letGo(),
      // While Redis was away the others could not beat either: only those that said so are gone.
      gone: (nodes, steady) => this.#inherit(nodes, steady ? parts.members.lease : parts.members.longAgo),
      died: (node) => this.#inherit([node], parts.members.proven),
      forgotten: () => {
        for (const sid of this.#kept) this.#doubtful.add(sid);
        this.#again();
      },
    });
  }

  async start(): Promise<void> {
    await this.#link.connect();
  }

  keep(sid: string, snapshot: string, tags: readonly string[]): void {
    this.#change(sid, { snapshot, tags });
  }

  drop(sid: string): void {
    this.#change(sid, undefined);
  }

  /** What was never written nobody can have taken. */
  async settled(sid: string): Promise<'ours' | 'lost' | 'unknown'> {
    if (this.#waiting.has(sid)) void this.#write();
    const sending = [...this.#sending].filter(({ sids }) => sids.has(sid)).at(-1);
    if (sending === undefined) return this.#doubtful.has(sid) ? 'unknown' : 'ours';
    const sent = await sending.sent;
    if (sent === 'unknown') return sent;
    if (!sent.lost.includes(sid)) return 'ours';
    await this.#letGo();
    return 'lost';
  }

  onStale(hear: (sid: string) => void): void {
    this.#stale = hear;
  }

  onOrphans(hear: (snapshots: readonly string[]) => Promise<void>): void {
    this.#orphans = hear;
  }

  onTookOver(hear: (from: string, calls: number) => void): void {
    this.#tookOver = hear;
  }

  onTaken(hear: (sids: readonly string[]) => void): void {
    this.#taken = hear;
  }

  /** Nothing that only this machine could carry on. */
  left(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  async find(tag: string): Promise<Whereabouts> {
    const { node, lease } = this.#parts.members;
    if (this.#orphans === undefined || tag.length > LONGEST_TAG || !/^[\w.-]+$/.test(tag)) return 'unknown';
    const answer = await this.#ask('findStanding', tag, node, lease);
    if (!Array.isArray(answer)) {
      this.#missed();
      return 'unknown';
    }
    const [where, sid, value] = answer as [string, string?, string?];
    if (where === 'elsewhere' && sid !== undefined) return { node: sid };
    if (where !== 'claimed' || sid === undefined || value === undefined) return where === 'here' ? where : 'unknown';
    await this.#hand([sid, value]);
    return 'here';
  }

  async resign(): Promise<number> {
    const { clock, members } = this.#parts;
    await this.#write();
    await members.resign();
    for (const end = clock.monotonic() + RESIGN_MS; ;) {
      const left = Number((await this.#ask('leftStanding', members.node)) ?? this.#kept.size);
      if (left === 0 || members.others() === 0 || clock.monotonic() >= end) return left;
      await new Promise<void>((resolve) => void clock.after(LOOK_MS, 'standing calls handed over', resolve));
    }
  }

  async close(): Promise<void> {
    await this.#write();
    this.#link.close();
  }

  #change(sid: string, change: Change): void {
    this.#waiting.delete(sid);
    this.#waiting.set(sid, change);
    if (this.#waiting.size >= AT_ONCE) void this.#write();
    else this.#timer ??= this.#parts.clock.after(GATHER_MS, 'standing calls', () => void this.#write());
  }

  /** Everything that waits. Commands are done in the order they are sent, so a later change never comes first. */
  async #write(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const all = [...this.#waiting];
    this.#waiting.clear();
    const some: Promise<unknown>[] = [];
    for (let i = 0; i < all.length; i += AT_ONCE) some.push(this.#send(all.slice(i, i + AT_ONCE)));
    await Promise.all(some);
  }

  #send(changes: readonly (readonly [string, Change])[]): Promise<Sent> {
    const sending = { sids: new Set(changes.map(([sid]) => sid)), sent: this.#sendNow(changes) };
    this.#sending.add(sending);
    return sending.sent.finally(() => this.#sending.delete(sending));
  }

  async #sendNow(changes: readonly (readonly [string, Change])[]): Promise<Sent> {
    const values = changes.flatMap(([sid, change]) => [sid, this.#valueOf(sid, change)]);
    const lost = await this.#ask('keepStanding', this.#parts.members.node, ...values);
    if (!isTexts(lost)) {
      for (const [sid] of changes) this.#doubtful.add(sid);
      return 'unknown';
    }
    for (const [sid, change] of changes) {
      if (change === undefined) this.#kept.delete(sid);
      else this.#kept.add(sid);
    }
    return { lost };
  }

  #valueOf(sid: string, change: Change): string {
    if (change === undefined || change.snapshot.length > LONGEST) return '';
    return `${change.tags.join(',')} ${this.#parts.sealer.seal({ kind, sid }, change.snapshot)}`;
  }

  /** What Redis may not have is asked for anew. */
  #again(): void {
    const doubtful = [...this.#doubtful];
    this.#doubtful.clear();
    for (const sid of doubtful) if (!this.#waiting.has(sid)) this.#stale(sid);
    if (this.#unheard === 'some') void this.#regain();
  }

  #missed(): void {
    if (this.#unheard === 'none') this.#unheard = 'some';
  }

  async #regain(): Promise<void> {
    const { node } = this.#parts.members;
    this.#unheard = 'asking';
    const all = await this.#ask('ownStanding', node);
    const strange = isTexts(all) ? all.filter((sid) => !this.#kept.has(sid) && !this.#waiting.has(sid)) : [];
    let answered = isTexts(all);
    for (let i = 0; i < strange.length && answered; i += CLAIM) {
      const found = await this.#ask('readStanding', node, ...strange.slice(i, i + CLAIM));
      answered = isTexts(found);
      if (isTexts(found) && found.length > 0) await this.#hand(found);
    }
    this.#unheard = answered ? 'none' : 'some';
  }

  async #letGo(): Promise<readonly string[]> {
    const { node } = this.#parts.members;
    const gone = await this.#ask('takenStanding', node);
    if (!isTexts(gone) || gone.length === 0) return [];
    this.#taken(gone);
    for (const sid of gone) this.#kept.delete(sid);
    await this.#ask('partedStanding', node, ...gone);
    return gone;
  }

  /** `lease`: from a node that did not beat for so long, ms. */
  #inherit(nodes: readonly string[], lease: number): void {
    if (this.#unheard === 'some') void this.#regain();
    for (const node of nodes) {
      if (this.#orphans === undefined || this.#claiming.has(node)) continue;
      this.#claiming.add(node);
      const claimers = Array.from({ length: CLAIMERS }, () => this.#claim(node, lease));
      void Promise.all(claimers).then((counts) => {
        this.#claiming.delete(node);
        const calls = counts.reduce((sum, each) => sum + each, 0);
        if (calls > 0) this.#tookOver(node, calls);
      });
    }
  }

  /** Some, and when they stand some more, until there are none. How many. */
  async #claim(gone: string, lease: number): Promise<number> {
    const { members } = this.#parts;
    for (let count = 0; ;) {
      const found = await this.#ask('claimStanding', gone, members.node, lease, CLAIM);
      if (found === undefined) this.#missed();
      if (!isTexts(found) || found.length === 0) return count;
      count += found.length / 2;
      await this.#hand(found);
    }
  }

  /** Session sid and value in turn. */
  async #hand(found: readonly string[]): Promise<void> {
    const snapshots: string[] = [];
    for (let i = 0; i + 1 < found.length; i += 2) {
      const [sid, value] = [found[i] as string, found[i + 1] as string];
      const text = this.#open(sid, value);
      if (text === undefined) this.drop(sid);
      else {
        this.#kept.add(sid);
        snapshots.push(text);
      }
    }
    await this.#orphans?.(snapshots);
  }

  #open(sid: string, value: string): string | undefined {
    try {
      return this.#parts.sealer.open({ kind, sid }, value.slice(value.indexOf(' ') + 1));
    } catch (fault) {
      this.#parts.log.error(
        { sessionSid: sid, why: messageOf(fault) },
        'a standing call of another node cannot be read',
      );
      return undefined;
    }
  }

  async #ask(name: ScriptName, ...values: readonly (string | number)[]): Promise<unknown> {
    return this.#link.run(name, ...values).catch(() => this.#parts.members.around(name, values));
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
