/** This node's part in what the nodes share: its heartbeat, whether Redis is there, and the changes it has not heard of.
 *
 *   starting ──beat──▶ healing ──all changes told──▶ up
 *      │                 ▲  │                        │
 *      └──fault──▶ away ─┘◀─┴────────fault───────────┘
 *
 * Only the heartbeat speaks to a Redis that is away, so a Redis that hangs holds nobody else up. */
import type { Clock, Log, Timer } from '../base/index.ts';
import { bindingKey, type LiveNode } from '../ports/index.ts';
import { Backlog, type Change, type Waiting, wordsOf } from './backlog.ts';
import { Deaths, type Late, mourning } from './deaths.ts';
import { type Detour, type DetourValues, mayDetour } from './detour.ts';
import { patience, RedisLink } from './redis-link.ts';
import { type ScriptName } from './scripts.ts';
import { deviceWord } from './stored.ts';

/** ms. A node that did not beat for `lease` is gone, and its calls with it. */
export const rhythm = { beat: 500, lease: 3_000, told: 60_000 } as const;

/** A node is not sure of its calls any more when it has not beaten for so long: before the others take them. */
const tenureMs = rhythm.lease - 500;
/** Beats in a row without an answer until Redis counts as away, for all; and how soon one is tried again, ms. One alone may
 * only have been under way while this process was stopped. */
const mostFailures = 3;
const doubtMs = 400;

const maxWaiting = 1_000_000;
const changesAtOnce = 100;
/** Rounds of 200 calls of a dead node that are forgotten in one heartbeat. */
const burials = 50;

type State = 'starting' | 'away' | 'healing' | 'up' | 'closed';

export type SharedParts = {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: string;
  readonly limits: { readonly contactsPerAor: number; readonly contacts: number };
  /** Redis has lost all it knew, or buried this node: what this node has must be told again, by `again`. */
  readonly onForgotten: (what: 'everything' | 'calls') => void;
  /** Entries of the list of bans that are new: name and value in turn, and how long ago each was written, ms. */
  readonly onBan: (fields: readonly string[], ageMs: number) => void;
  /** Others have taken calls of this node: resolves when they have been let go of. */
  readonly onTaken: () => Promise<void>;
  /** Nodes that no longer beat. `steady`: neither this node nor Redis was away a moment ago, so that it is they who are gone. */
  readonly onGone: (nodes: readonly string[], steady: boolean) => void;
  /** One that is dead for certain. */
  readonly onDied: (node: string) => void;
  /** One that beat until a moment ago, and did not say that it leaves. Told once. */
  readonly onLost: (node: string) => void;
  /** Redis is away, and why; or it is back. */
  readonly onReach: (there: boolean, reason: string) => void;
  /** It beat, and Redis has all that this node knows. */
  readonly onBeat: () => Promise<void>;
};

export class Shared {
  detour: Detour | undefined;
  readonly #parts: SharedParts;
  readonly #link: RedisLink;
  readonly deaths: Deaths;
  readonly #backlog = new Backlog(maxWaiting);
  #state: State = 'starting';
  #epoch: string | undefined;
  /** Redis's clock less this node's monotonic one, ms. */
  #ahead = -Infinity;
  #nodes: readonly string[] = [];
  #address = '';
  #announced: readonly LiveNode[] = [];
  /** Gone, told of, and not buried yet. */
  #mourned: ReadonlySet<string> = new Set();
  #lastBan = '0-0';
  #known = 1;
  #beating: Promise<void> | undefined;
  #chores: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** When the last beat that was answered was sent, monotonic ms; and since when none failed or was late. */
  #beatAt = -Infinity;
  #steadySince = Infinity;
  #failures = 0;
  #failedAt = -Infinity;
  #doubts: Promise<void> | undefined;
  #toldAt = -Infinity;
  /** Why it is away, once that was told; it is then also told that it is back. */
  #told: string | undefined;

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.deaths = new Deaths(parts, parts.onDied);
    this.#link = new RedisLink(parts.url, {
      onReady: () => void this.#beat(),
      onClosed: (reason) => this.#lost(reason),
    });
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** Why Redis is away, if that was told. */
  get away(): string | undefined {
    return this.#told;
  }

  get waiting(): number {
    return this.#backlog.size;
  }

  /** Redis has heard all but what was never told. */
  get heard(): boolean {
    return this.up && this.#backlog.size === 0;
  }

  /** Nodes that beat a moment ago. */
  get nodes(): readonly string[] {
    return this.#nodes;
  }

  /** No other node can believe this one gone. Where Redis is away nobody could take anything. */
  get sure(): boolean {
    if (this.#state === 'starting' || this.#state === 'closed') return true;
    const now = this.#parts.clock.monotonic();
    return now - this.#beatAt < tenureMs || (this.#failures >= mostFailures && now - this.#failedAt < tenureMs);
  }

  /** Redis is asked at once; one that does not answer leaves this node with what it has. */
  whenSure(): Promise<void> {
    this.#doubts ??= this.#beatUntilSure().finally(() => {
      this.#doubts = undefined;
    });
    return this.#doubts;
  }

  /** How many they were when that could last be known. */
  get known(): number {
    return Math.max(1, this.#known);
  }

  /** Those that say where they are; while Redis is away, those that did last. */
  get announced(): readonly LiveNode[] {
    return this.#announced;
  }

  /** Told with the next heartbeat, which is now. */
  announce(address: string): void {
    this.#address = address;
    void this.#beat();
  }

  /** Resolves once it is known whether Redis is there. */
  async start(): Promise<void> {
    await this.#link.connect();
    await this.#beat();
    await this.#chores;
    this.#timer = this.#parts.clock.every(rhythm.beat, 'live heartbeat', () => void this.#beat());
  }

  around(script: string, values: DetourValues): Promise<unknown> {
    const known = this.#known > 1 && mayDetour(script);
    return known && this.detour !== undefined ? this.detour(script, values) : Promise.resolve(undefined);
  }

  /** The answer, or undefined when Redis is away. */
  async ask(name: ScriptName, ...values: readonly (string | number)[]): Promise<unknown> {
    if (!this.up) return undefined;
    try {
      return await this.#link.run(name, ...values);
    } catch (fault) {
      this.#lost(reasonOf(fault));
      return undefined;
    }
  }

  /** The verdict on a change made at `since`, monotonic ms; undefined when it could not be told now: `later` keeps it. */
  async tell(change: Change, since: number): Promise<unknown> {
    const tell = (): Promise<unknown> => this.ask(...this.#command({ change, since }, 'now'));
    let verdict = await tell();
    if (verdict === 'late') {
      // Redis, or this process, was held up for a moment, or a clock was set: the heartbeat measures anew.
      await this.#beat();
      verdict = await tell();
    }
    return verdict === 'late' ? undefined : verdict;
  }

  later(change: Change, since: number): void {
    this.#backlog.add(change, since);
  }

  /** For onForgotten: unless a newer change of the same thing waits. */
  again(change: Change): void {
    this.#backlog.addIfNone(change, this.#parts.clock.monotonic());
  }

  /** The others need not wait to see that this node is gone. */
  async resign(): Promise<void> {
    this.deaths.close();
    this.#timer?.cancel();
    await this.#beating;
    await this.#chores;
    await this.ask('resign', this.#parts.node);
    this.#state = 'closed';
  }

  async close(): Promise<void> {
    this.deaths.close();
    this.#timer?.cancel();
    await this.#beating;
    await this.#chores;
    // Lease 0: the others need not wait to see that this node is gone.
    if (this.up) await this.#bury(this.#parts.node, 0).catch(() => {});
    this.#state = 'closed';
    this.#link.close();
  }

  /** Neither this node nor Redis was away a moment ago. */
  get #steady(): boolean {
    return this.#parts.clock.monotonic() - this.#steadySince > rhythm.lease;
  }

  #beat(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #beatUntilSure(): Promise<void> {
    for (;;) {
      await this.#beat();
      if (this.sure) return;
      await new Promise<void>((resolve) => void this.#parts.clock.after(doubtMs, 'live doubts', resolve));
    }
  }

  async #beatOnce(): Promise<void> {
    const { node, clock } = this.#parts;
    const sentAt = clock.monotonic();
    const values = [node, rhythm.lease, `${node} ${clock.now()}`, this.#address, mourning.late];
    try {
      const answer = await this.#link.run('beat', ...values);
      const [epoch, known, nodes, dead, now, addresses, taken, silent, late] = answer as Beat;
      this.#measure(Number(now), sentAt);
      this.#nodes = nodes;
      this.#known = nodes.length;
      this.#announced = announcedOf(nodes, addresses);
      if (Number(taken) > 0) await this.#parts.onTaken();
      this.#notice(epoch, known);
      this.#beaten(sentAt);
      if (this.#steady) this.deaths.beat(nodes, lateOf(late, Number(now)));
      // What takes long must not hold the next beat up.
      this.#chores ??= this.#work(dead, silent).finally(() => {
        this.#chores = undefined;
      });
    } catch (fault) {
      if (await this.#beatAround(values)) return this.#lost(reasonOf(fault));
      const at = clock.monotonic();
      this.#failures = at - this.#failedAt < tenureMs ? this.#failures + 1 : 1;
      this.#failedAt = at;
      this.#lost(reasonOf(fault));
    }
  }

  /** Redis is away for this node alone: whoever else reaches it says that this node lives, so that nobody takes its calls. */
  async #beatAround(values: DetourValues): Promise<boolean> {
    const sentAt = this.#parts.clock.monotonic();
    const answer = await this.around('beat', values);
    if (!Array.isArray(answer)) return false;
    const [, , nodes, , , addresses, taken] = answer as Beat;
    this.#announced = announcedOf(nodes, addresses);
    if (Number(taken) > 0) await this.#parts.onTaken();
    this.#beaten(sentAt);
    return true;
  }

  /** Redis read its clock after it was asked and before the answer was read here. What was known is kept as far as that allows,
   * so that an answer which waited for this process does not make Redis seem behind. */
  #measure(redis: number, sentAt: number): void {
    this.#ahead = Math.min(redis - sentAt, Math.max(redis - this.#parts.clock.monotonic(), this.#ahead));
  }

  #beaten(sentAt: number): void {
    const late = sentAt - this.#beatAt > tenureMs;
    if (late || this.#steadySince === Infinity) this.#steadySince = sentAt;
    this.#beatAt = sentAt;
    this.#failures = 0;
  }

  async #work(dead: readonly string[], silent: readonly string[]): Promise<void> {
    try {
      if (!this.up || this.#backlog.size > 0) await this.#heal();
      await this.#parts.onBeat();
      await this.#readBans();
      if (this.#steady) this.#mourn(silent);
      if (dead.length > 0) this.#parts.onGone(dead, this.#steady);
      for (const each of dead) await this.#bury(each, rhythm.lease);
    } catch (fault) {
      this.#lost(reasonOf(fault));
    }
  }

  #mourn(silent: readonly string[]): void {
    for (const node of silent) if (!this.#mourned.has(node)) this.#parts.onLost(node);
    this.#mourned = new Set(silent);
  }

  #notice(epoch: string, known: string): void {
    const before = this.#epoch;
    this.#epoch = epoch;
    if (before === undefined) return;
    if (before !== epoch) this.#parts.onForgotten('everything');
    else if (known === 'new') this.#parts.onForgotten('calls');
  }

  /** Tells everything that waits; what comes meanwhile waits too, so that the order stays. */
  async #heal(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'healing';
    for (let some = this.#backlog.first(changesAtOnce); some.length > 0; some = this.#backlog.first(changesAtOnce)) {
      await Promise.all(some.map((each) => this.#replay(each)));
    }
    this.#state = 'up';
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#parts.log.info({ nodes: this.#nodes.length }, 'Redis is back: live state is shared again');
    this.#parts.onReach(true, '');
  }

  async #replay(waiting: Waiting): Promise<void> {
    const verdict = await this.#link.run(...this.#command(waiting, 'replay'));
    // It hung, or its clock was set: the next heartbeat measures anew.
    if (verdict === 'late') throw new Error('Redis answers too late');
    this.#backlog.done(waiting);
    if (verdict === 'aor' || verdict === 'total')
      this.#parts.log.warn({ key: waiting.key, limit: verdict }, 'a registration made meanwhile exceeds a limit');
  }

  async #readBans(): Promise<void> {
    const [now, entries] = (await this.#link.run('bans', this.#lastBan)) as [string, [string, string[]][]];
    for (const [id, fields] of entries) {
      this.#lastBan = id;
      this.#parts.onBan(fields, Number(now) - Number.parseInt(id, 10));
    }
  }

  async #bury(node: string, lease: number): Promise<void> {
    for (let round = 0; round < burials; round++) {
      if (Number(await this.#link.run('bury', node, lease)) === 0) return;
    }
  }

  #lost(reason: string): void {
    if (this.#state === 'closed' || this.#state === 'away') return;
    this.#state = 'away';
    this.#steadySince = Infinity;
    this.#nodes = [this.#parts.node];
    const now = this.#parts.clock.monotonic();
    if (now - this.#toldAt < rhythm.told) return;
    this.#toldAt = now;
    this.#told = reason;
    this.#parts.log.warn({ reason }, 'Redis is away: calls go on, registrations are served from what this node knows');
    this.#parts.onReach(false, reason);
  }

  #command(
    { change, since }: Pick<Waiting, 'change' | 'since'>,
    mode: 'now' | 'replay',
  ): [ScriptName, ...(string | number)[]] {
    const now = this.#parts.clock.monotonic();
    const waited = Math.round(now - since);
    // Well before the sender gives up, for the two clocks are not read at the same time.
    const until = Math.ceil(now + this.#ahead) + patience / 2;
    switch (change.kind) {
      case 'bind': {
        const { binding, age, left } = change;
        const { aor, accountSid } = binding;
        const { contactsPerAor, contacts } = this.#parts.limits;
        const [key, device] = [bindingKey(binding), deviceWord(binding)];
        const times = [Math.max(1, Math.round(left) - waited), Math.round(age) + waited];
        const json = JSON.stringify(binding);
        return ['bind', aor, key, device, json, ...times, mode, contactsPerAor, contacts, accountSid, until];
      }
      case 'unbind':
        return ['unbind', change.aor, change.key ?? '', waited, mode, until];
      case 'put':
      case 'remove':
        return ['tellCalls', ...wordsOf(change, this.#parts.node)];
    }
  }
}

/** In the order of the script. */
type Beat = [string, string, string[], string[], string, unknown[], number, string[], string[]];

/** Name and last heartbeat in turn. */
function lateOf(fields: readonly string[], now: number): Late[] {
  const late: Late[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2)
    late.push({ node: fields[i] as string, silentMs: now - Number(fields[i + 1]) });
  return late;
}

function announcedOf(nodes: readonly string[], addresses: readonly unknown[]): LiveNode[] {
  return nodes.flatMap((name, at) => {
    const address = addresses[at];
    return typeof address === 'string' && address.length < 1_024 ? [{ name, address }] : [];
  });
}

function reasonOf(fault: unknown): string {
  return fault instanceof Error ? fault.message.slice(0, 200) : 'unknown';
}
