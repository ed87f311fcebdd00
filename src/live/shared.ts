/** This node's part in what the nodes share: its heartbeat, whether Redis is there, and the changes it has not heard of.
 *
 *   starting ──beat──▶ healing ──all changes told──▶ up
 *      │                 ▲  │                        │
 *      └──fault──▶ away ─┘◀─┴────────fault───────────┘
 *
 * Only the heartbeat speaks to a Redis that is away, so a Redis that hangs holds nobody else up. */
import type { Clock, Log, Timer } from '../base/index.ts';
import { Backlog, type Change, type Waiting } from './backlog.ts';
import { patience, RedisLink } from './redis-link.ts';
import { type ScriptName } from './scripts.ts';
import { instanceWord } from './stored.ts';

/** ms. A node that did not beat for `lease` is gone, and its calls with it. */
export const rhythm = { beat: 1_000, lease: 5_000, told: 60_000 } as const;

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
  /** Calls of each account that run here. */
  readonly running: ReadonlyMap<string, number>;
};

export class Shared {
  readonly #parts: SharedParts;
  readonly #link: RedisLink;
  readonly #backlog = new Backlog(maxWaiting);
  #state: State = 'starting';
  #epoch: string | undefined;
  /** Redis's clock less this node's monotonic one, ms, as of the last heartbeat. */
  #ahead = 0;
  #nodes: readonly string[] = [];
  #lastBan = '0-0';
  #elsewhere: ReadonlyMap<string, number> = new Map();
  #beating: Promise<void> | undefined;
  #timer: Timer | undefined;
  #toldAt = -Infinity;
  #owesNews = false;

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#link = new RedisLink(parts.url, {
      onReady: () => void this.#beat(),
      onClosed: (reason) => this.#lost(reason),
    });
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  get waiting(): number {
    return this.#backlog.size;
  }

  /** Nodes that beat a moment ago. */
  get nodes(): readonly string[] {
    return this.#nodes;
  }

  /** Calls of an account on other nodes, as of the last heartbeat. */
  callsElsewhere(accountSid: string): number {
    return this.#elsewhere.get(accountSid) ?? 0;
  }

  /** Resolves once it is known whether Redis is there. */
  async start(): Promise<void> {
    await this.#link.connect();
    await this.#beat();
    this.#timer = this.#parts.clock.every(rhythm.beat, 'live heartbeat', () => void this.#beat());
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
    const verdict = await this.ask(...this.#command({ change, since }, 'now'));
    return verdict === 'late' ? undefined : verdict;
  }

  later(change: Change, since: number): void {
    this.#backlog.add(change, since);
  }

  /** For onForgotten: unless a newer change of the same thing waits. */
  again(change: Change): void {
    this.#backlog.addIfNone(change, this.#parts.clock.monotonic());
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#beating;
    // Lease 0: the others need not wait to see that this node is gone.
    if (this.up) await this.#bury(this.#parts.node, 0).catch(() => {});
    this.#state = 'closed';
    this.#link.close();
  }

  #beat(): Promise<void> {
    this.#beating ??= this.#beatOnce().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    const { node, clock } = this.#parts;
    try {
      const offered = `${node} ${clock.now()}`;
      // Commands are done in the order they are sent, so what runs here now is what Redis will have counted.
      const here = new Map(this.#parts.running);
      const answer = await this.#link.run('beat', node, rhythm.lease, offered);
      const [epoch, known, nodes, dead, now, busy] = answer as [string, string, string[], string[], string, string[]];
      this.#elsewhere = beyond(here, busy);
      this.#ahead = Number(now) - clock.monotonic();
      this.#nodes = nodes;
      this.#notice(epoch, known);
      if (!this.up || this.#backlog.size > 0) await this.#heal();
      await this.#readBans();
      for (const each of dead) await this.#bury(each, rhythm.lease);
    } catch (fault) {
      this.#lost(reasonOf(fault));
    }
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
    if (!this.#owesNews) return;
    this.#owesNews = false;
    this.#parts.log.info({ nodes: this.#nodes.length }, 'Redis is back: live state is shared again');
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
    this.#nodes = [this.#parts.node];
    this.#elsewhere = new Map();
    const now = this.#parts.clock.monotonic();
    if (now - this.#toldAt < rhythm.told) return;
    this.#toldAt = now;
    this.#owesNews = true;
    this.#parts.log.warn({ reason }, 'Redis is away: calls go on, registrations are served from what this node knows');
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
        const { aor, contact, accountSid } = binding;
        const { contactsPerAor, contacts } = this.#parts.limits;
        const instance = instanceWord(binding.instance);
        const times = [Math.max(1, Math.round(left) - waited), Math.round(age) + waited];
        const json = JSON.stringify(binding);
        return ['bind', aor, contact, instance, json, ...times, mode, contactsPerAor, contacts, accountSid, until];
      }
      case 'unbind':
        return ['unbind', change.aor, change.contact ?? '', waited, mode, until];
      case 'put': {
        const { callSid, accountSid, node, startedAt } = change.call;
        return ['putCall', callSid, accountSid, node, Math.round(startedAt)];
      }
      case 'remove':
        return ['removeCall', change.callSid];
    }
  }
}

/** `busy`: account and number of its calls in turn. */
function beyond(here: ReadonlyMap<string, number>, busy: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (let i = 0; i + 1 < busy.length; i += 2) {
    const account = busy[i] as string;
    const more = Number(busy[i + 1]) - (here.get(account) ?? 0);
    if (more > 0) found.set(account, more);
  }
  return found;
}

function reasonOf(fault: unknown): string {
  return fault instanceof Error ? fault.message.slice(0, 200) : 'unknown';
}
