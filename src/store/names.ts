/** Addresses behind the host names of gateways, asked for in the background and kept while the name server is away. */
import { promises as dns } from 'node:dns';
import { type Clock, type Log, messageOf, type Timer } from '../base/index.ts';

/** All addresses of a host, IPv4 and IPv6. */
export type Resolver = (host: string) => Promise<readonly string[]>;

export async function systemResolver(host: string): Promise<readonly string[]> {
  const found = await dns.lookup(host, { all: true });
  return found.map((each) => each.address);
}

const refreshMs = 60_000;

export type HostNamesOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly resolver: Resolver;
  /** Some host's addresses are other ones now. */
  readonly onChange: () => void;
};

export class HostNames {
  readonly #options: HostNamesOptions;
  readonly #known = new Map<string, readonly string[]>();
  #wanted = new Set<string>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: HostNamesOptions) {
    this.#options = options;
  }

  addresses(host: string): readonly string[] {
    return this.#known.get(host.toLowerCase()) ?? [];
  }

  /** The names to follow from now on; resolves when the new ones were asked for once. */
  async follow(hosts: readonly string[]): Promise<void> {
    const wanted = new Set(hosts.map((host) => host.toLowerCase()));
    const added = [...wanted].filter((host) => !this.#wanted.has(host));
    this.#wanted = wanted;
    for (const host of this.#known.keys()) if (!wanted.has(host)) this.#known.delete(host);
    if (wanted.size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else if (!this.#closed) {
      this.#timer ??= this.#options.clock.every(
        refreshMs,
        'directory host names',
        () => void this.#ask([...this.#wanted]),
      );
    }
    await this.#ask(added);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #ask(hosts: readonly string[]): Promise<void> {
    const { resolver, log, onChange } = this.#options;
    let changed = false;
    const ask = async (host: string): Promise<void> => {
      try {
        const found = [...(await resolver(host))].sort();
        if (found.join() === this.addresses(host).join() || !this.#wanted.has(host)) return;
        this.#known.set(host, found);
        changed = true;
      } catch (fault) {
        // What was known stays: a name server that is away must not lock a carrier out.
        log.warn({ host, reason: messageOf(fault) }, 'the host name of a gateway does not resolve');
      }
    };
    await Promise.all(hosts.map(ask));
    if (changed && !this.#closed) onChange();
  }
}
