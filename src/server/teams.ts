/** What Microsoft Teams needs between calls: OPTIONS from every SBC to every gateway, without which it sends no calls and
 * takes none. Follows the directory, as the upkeep of carriers does. And where Teams calls from. */
import type { Clock, Log, Timer } from '../base/index.ts';
import type { Directory } from '../ports/index.ts';
import type { GatewayPing, UserAgent } from '../sip/agent/index.ts';

type Parts = { agent: UserAgent; directory: Directory; clock: Clock; log: Log; pingSeconds: number };
/** Tenants may share an SBC: it greets each gateway once. */
type Watched = { readonly sbcFqdn: string; readonly gateway: string };

export class TeamsUpkeep {
  readonly #parts: Parts;
  readonly #pings = new Map<string, GatewayPing>();
  /** Those that answered last time they were asked, or were never asked. */
  readonly #down = new Set<string>();
  readonly #off: () => void;
  #soon: Timer | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#off = parts.directory.events.on('changed', (kind) => {
      if (kind !== 'teamsTenant' && kind !== 'account') return;
      this.#soon ??= parts.clock.after(50, 'teams upkeep', () => {
        this.#soon = undefined;
        this.#follow();
      });
    });
    this.#follow();
  }

  /** One that was not heard of yet counts as up. */
  up(sbcFqdn: string, gateway: string): boolean {
    return !this.#down.has(keyOf({ sbcFqdn, gateway }));
  }

  close(): void {
    this.#off();
    this.#soon?.cancel();
    for (const ping of this.#pings.values()) ping.close();
    this.#pings.clear();
  }

  #follow(): void {
    const { directory } = this.#parts;
    const wanted = new Map(
      directory
        .all('teamsTenant')
        .filter(({ accountSid }) => directory.get('account', accountSid)?.isActive === true)
        .flatMap(({ sbcFqdn, gateways }) => gateways.map((gateway) => ({ sbcFqdn, gateway })))
        .map((each) => [keyOf(each), each]),
    );
    for (const [key, ping] of this.#pings) {
      if (wanted.has(key)) continue;
      ping.close();
      this.#pings.delete(key);
      this.#down.delete(key);
    }
    for (const [key, each] of wanted) if (!this.#pings.has(key)) this.#pings.set(key, this.#ping(key, each));
  }

  #ping(key: string, { sbcFqdn, gateway }: Watched): GatewayPing {
    const { agent, log, pingSeconds } = this.#parts;
    const ping = agent.ping({
      uri: `sip:${gateway};transport=tls`,
      from: `sip:${sbcFqdn}:5061;transport=tls`,
      contactHost: `${sbcFqdn}:5061`,
      intervalMs: pingSeconds * 1000,
    });
    ping.events.on('up', (status) => {
      this.#down.delete(key);
      log.info({ gateway, sbc: sbcFqdn, status }, 'Microsoft Teams answers');
    });
    ping.events.on('down', (status) => {
      this.#down.add(key);
      log.warn({ gateway, sbc: sbcFqdn, status }, 'Microsoft Teams does not answer');
    });
    return ping;
  }
}

function keyOf({ sbcFqdn, gateway }: Watched): string {
  return `${sbcFqdn} ${gateway}`.toLowerCase();
}
