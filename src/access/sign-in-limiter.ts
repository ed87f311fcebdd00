/** Slows guessing of passwords down: by the source's address and by the e-mail address that is tried, known or not. Some
 * failures are free, then each doubles the wait. An attempt counts as failed from its beginning, so that a thousand at
 * once are a thousand failures and not one. */
import ipaddr from 'ipaddr.js';
import type { Clock } from '../base/index.ts';

type Kept = { failures: number; until: number; last: number };
type Rule = { readonly free: number; readonly mostMs: number };

/** A source may be an office; an address is one person's, whom strangers must not be able to lock out for long. */
const bySource: Rule = { free: 10, mostMs: 900_000 };
const byEmail: Rule = { free: 5, mostMs: 60_000 };
const firstMs = 1_000;
/** So long without a failure and all is forgotten. */
const forgetMs = 900_000;
const mostKept = 10_000;

class Table {
  readonly #clock: Clock;
  readonly #rule: Rule;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock, rule: Rule) {
    this.#clock = clock;
    this.#rule = rule;
  }

  /** Seconds to wait still; 0 when it may try. */
  waitOf(key: string): number {
    const kept = this.#kept.get(key);
    return kept === undefined ? 0 : Math.max(0, Math.ceil((kept.until - this.#clock.monotonic()) / 1000));
  }

  fail(key: string): void {
    const now = this.#clock.monotonic();
    const before = this.#kept.get(key);
    const failures = before === undefined || now - before.last > forgetMs ? 1 : before.failures + 1;
    const over = failures - this.#rule.free;
    const wait = over < 0 ? 0 : Math.min(this.#rule.mostMs, firstMs * 2 ** Math.min(over, 20));
    // The one that failed longest ago is the first to be forgotten.
    this.#kept.delete(key);
    this.#kept.set(key, { failures, until: now + wait, last: now });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** It was right after all. */
  forgive(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    kept.failures--;
    kept.until = 0;
    if (kept.failures <= 0) this.#kept.delete(key);
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}

export class SignInLimiter {
  readonly #sources: Table;
  readonly #emails: Table;

  constructor(clock: Clock) {
    this.#sources = new Table(clock, bySource);
    this.#emails = new Table(clock, byEmail);
  }

  /** Seconds until this source may try this address; 0: now, and the attempt is counted. */
  begin(address: string, email: string): number {
    const source = networkOf(address);
    const wait = Math.max(this.#sources.waitOf(source), this.#emails.waitOf(email));
    if (wait > 0) return wait;
    this.#sources.fail(source);
    this.#emails.fail(email);
    return 0;
  }

  /** The attempt was right. What else this source tried stays counted: it may own one account and guess at others. */
  succeeded(address: string, email: string): void {
    this.#sources.forgive(networkOf(address));
    this.#emails.forget(email);
  }
}

/** One customer has a /64 of IPv6 at least: its addresses are one source. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const ip = ipaddr.process(address);
  return ip.kind() === 'ipv4' ? ip.toString() : ip.toByteArray().slice(0, 8).join('.');
}
