import { BlockList, isIP } from 'node:net';
import type { Clock, Log } from '../../base/index.ts';
import { plainAddress, sourceKey } from './address.ts';

/** What counts against a source. */
export type Offence = 'malformed' | 'scanner' | 'unknown-method' | 'unauthenticated' | 'stray' | 'flood' | 'connection';

export type GuardOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** CIDRs or addresses never scored, limited or banned. */
  readonly trusted?: readonly string[];
  /** Asked before a ban: a carrier's address must not be banned for what others send in its name (UDP can be spoofed). */
  readonly exempt?: (address: string) => boolean;
  /** Score at which a source is banned. */
  readonly threshold?: number;
  /** A score halves in this time. */
  readonly halfLifeMs?: number;
  /** The first ban; each further one of the same source is twice as long, up to a day. */
  readonly banMs?: number;
  /** Hears of every ban that is imposed here. */
  readonly onBan?: (ban: { readonly address: string; readonly ms: number; readonly reason: string }) => void;
  readonly weights?: Partial<Readonly<Record<Offence, number>>>;
  /** Packets a second, and at once, of a source that has proved nothing yet. */
  readonly strangerRate?: number;
  /** The same for one that authenticated, or that we sent requests to, within the hour. */
  readonly knownRate?: number;
  /** Sources remembered. */
  readonly capacity?: number;
};

/** A banned source, for the REST API and the log. */
export type Ban = {
  readonly address: string;
  readonly until: number;
  readonly reason: string;
  readonly dropped: number;
};

export type GuardStats = {
  readonly sources: number;
  readonly banned: number;
  readonly bans: number;
  readonly droppedBanned: number;
  readonly droppedRate: number;
};

const defaultWeights: Readonly<Record<Offence, number>> = {
  malformed: 10,
  scanner: 100,
  'unknown-method': 10,
  unauthenticated: 10,
  stray: 1,
  flood: 0.1,
  connection: 5,
};

/** A packet above this counts as one for each share of it. */
const BIG = 4096;
const BIG_SHARE = 1024;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Spoofed datagrams may carry the address of a peer of ours: what they do counts this little against it. */
const KNOWN_SHARE = 0.1;

type Standing = {
  readonly key: string;
  readonly trusted: boolean;
  score: number;
  scoredAt: number;
  tokens: number;
  filledAt: number;
  knownUntil: number;
  /** 0 when not banned. */
  bannedUntil: number;
  bans: number;
  dropped: number;
  reason: string;
};

/** Scores sources by what they do and drops those that do it too often, before anything of theirs is parsed (attacks B2,
 * B6). Memory is bounded; an IPv6 source is its /64. Times are monotonic. */
export class SourceGuard {
  readonly #options: GuardOptions;
  readonly #trusted = new BlockList();
  readonly #weights: Readonly<Record<Offence, number>>;
  readonly #threshold: number;
  readonly #capacity: number;
  readonly #strangerRate: number;
  readonly #knownRate: number;
  readonly #records = new Map<string, Standing>();
  #bans = 0;
  #droppedBanned = 0;
  #droppedRate = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#weights = { ...defaultWeights, ...options.weights };
    this.#threshold = options.threshold ?? 100;
    this.#capacity = options.capacity ?? 50_000;
    this.#strangerRate = options.strangerRate ?? 1000;
    this.#knownRate = options.knownRate ?? 50_000;
    for (const each of options.trusted ?? []) this.#trust(each);
  }

  /** May a packet of this source be looked at? Counts it, a big one as several, since it costs that much to read. A
   * banned source costs one lookup. */
  admits(address: string, bytes = 0): boolean {
    const record = this.#recordOf(address);
    if (record.trusted) return true;
    const now = this.#options.clock.monotonic();
    if (record.bannedUntil > 0 && this.#stillBanned(record, now)) {
      record.dropped++;
      this.#droppedBanned++;
      return false;
    }
    const known = record.knownUntil > now;
    const rate = known ? this.#knownRate : this.#strangerRate;
    record.tokens = Math.min(rate, record.tokens + ((now - record.filledAt) * rate) / 1000);
    record.filledAt = now;
    const cost = bytes <= BIG ? 1 : bytes / BIG_SHARE;
    if (record.tokens >= cost) {
      record.tokens -= cost;
      return true;
    }
    this.#droppedRate++;
    if (!known) this.penalize(address, 'flood');
    return false;
  }

  banned(address: string): boolean {
    const record = this.#records.get(keyOf(address));
    return record !== undefined && record.bannedUntil > 0 && this.#stillBanned(record, this.#options.clock.monotonic());
  }

  /** Seconds that the ban of a source still lasts; 0 of one that is not banned. */
  bannedFor(address: string): number {
    if (!this.banned(address)) return 0;
    const until = this.#records.get(keyOf(address))?.bannedUntil ?? 0;
    return Math.ceil((until - this.#options.clock.monotonic()) / 1000);
  }

  /** Adds to the score of a source, by the kind of offence or by a weight of the caller's; true when that banned it. */
  penalize(address: string, what: Offence | number): boolean {
    const record = this.#recordOf(address);
    if (record.trusted || record.bannedUntil > 0) return false;
    const now = this.#options.clock.monotonic();
    const weight = typeof what === 'number' ? what : this.#weights[what];
    const share = record.knownUntil > now ? KNOWN_SHARE : 1;
    record.score = this.#decayed(record, now) + weight * share;
    record.scoredAt = now;
    if (record.score < this.#threshold || this.#options.exempt?.(address) === true) return false;
    this.#ban(record, now, typeof what === 'number' ? 'offences' : what);
    return true;
  }

  /** Takes over a ban that another node imposed, unless the source is one of ours here. `address` as in `list`. */
  adopt({ address, ms, reason }: { readonly address: string; readonly ms: number; readonly reason: string }): void {
    const record = this.#recordOf(address.replace('/64', ''));
    const now = this.#options.clock.monotonic();
    if (record.trusted || record.knownUntil > now || this.#options.exempt?.(record.key) === true) return;
    record.bannedUntil = Math.max(record.bannedUntil, now + Math.min(DAY, ms));
    record.reason = reason;
  }

  /** It has proved to be one of ours: its score is gone and it is known for an hour. */
  forgive(address: string): void {
    const record = this.#recordOf(address);
    record.score = 0;
    record.bans = 0;
    this.#know(record);
  }

  /** We have business with it: its answers are no flood. The score stays. */
  expect(address: string): void {
    this.#know(this.#recordOf(address));
  }

  /** What counts against a source now; 0 of one that did nothing. */
  score(address: string): number {
    const record = this.#records.get(keyOf(address));
    return record === undefined ? 0 : this.#decayed(record, this.#options.clock.monotonic());
  }

  /** Ends the ban of a source; false when it had none. */
  unban(address: string): boolean {
    const record = this.#records.get(address.endsWith('/64') ? address : keyOf(address));
    if (record === undefined || record.bannedUntil === 0) return false;
    this.#lift(record);
    record.bans = 0;
    return true;
  }

  /** Every ban that stands, with the wall-clock time it ends. */
  list(): Ban[] {
    const now = this.#options.clock.monotonic();
    const wall = this.#options.clock.now();
    const out: Ban[] = [];
    for (const record of this.#records.values()) {
      if (record.bannedUntil === 0 || !this.#stillBanned(record, now)) continue;
      const { key, reason, dropped } = record;
      out.push({ address: key, until: Math.round(wall + record.bannedUntil - now), reason, dropped });
    }
    return out;
  }

  stats(): GuardStats {
    return {
      sources: this.#records.size,
      banned: this.list().length,
      bans: this.#bans,
      droppedBanned: this.#droppedBanned,
      droppedRate: this.#droppedRate,
    };
  }

  isTrusted(address: string): boolean {
    return this.#recordOf(address).trusted;
  }

  #know(record: Standing): void {
    const now = this.#options.clock.monotonic();
    if (record.knownUntil <= now) record.tokens = this.#knownRate;
    record.knownUntil = now + HOUR;
  }

  #decayed(record: Standing, now: number): number {
    const halfLife = this.#options.halfLifeMs ?? 60_000;
    return record.score === 0 ? 0 : record.score * 2 ** ((record.scoredAt - now) / halfLife);
  }

  #ban(record: Standing, now: number, reason: string): void {
    const ms = Math.min(DAY, (this.#options.banMs ?? 600_000) * 2 ** record.bans);
    record.bannedUntil = now + ms;
    record.bans = Math.min(record.bans + 1, 16);
    record.reason = reason;
    record.dropped = 0;
    this.#bans++;
    this.#options.log.warn({ address: record.key, seconds: Math.round(ms / 1000), reason }, 'source banned');
    this.#options.onBan?.({ address: record.key, ms, reason });
  }

  #stillBanned(record: Standing, now: number): boolean {
    if (record.bannedUntil > now) return true;
    this.#lift(record);
    return false;
  }

  #lift(record: Standing): void {
    record.bannedUntil = 0;
    record.score = 0;
  }

  #recordOf(address: string): Standing {
    const key = keyOf(address);
    return this.#records.get(key) ?? this.#make(key, address);
  }

  #make(key: string, address: string): Standing {
    if (this.#records.size >= this.#capacity) this.#evict();
    const now = this.#options.clock.monotonic();
    const plain = plainAddress(address);
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    const record: Standing = {
      key,
      trusted: this.#trusted.check(plain, family),
      score: 0,
      scoredAt: now,
      tokens: this.#strangerRate,
      filledAt: now,
      knownUntil: 0,
      bannedUntil: 0,
      bans: 0,
      dropped: 0,
      reason: '',
    };
    this.#records.set(key, record);
    return record;
  }

  /** Makes room: of the oldest few, those that are neither banned nor known; the oldest when all are. */
  #evict(): void {
    const now = this.#options.clock.monotonic();
    let looked = 0;
    let oldest: string | undefined;
    for (const [key, record] of this.#records) {
      oldest ??= key;
      if (record.bannedUntil <= now && record.knownUntil <= now) {
        this.#records.delete(key);
        return;
      }
      if (++looked === 32) break;
    }
    if (oldest !== undefined) this.#records.delete(oldest);
  }

  #trust(cidr: string): void {
    const [address = '', bits] = cidr.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) this.#trusted.addAddress(address, family);
    else this.#trusted.addSubnet(address, Number(bits), family);
  }
}

function keyOf(address: string): string {
  return address.includes(':') ? sourceKey(address) : address;
}
