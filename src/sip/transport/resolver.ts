import { isIP } from 'node:net';
import type { Clock, Log, Random } from '../../base/index.ts';
import { messageOf } from '../../base/index.ts';
import { parseNameAddr, parseUri, type SipUri } from '../message/index.ts';
import { defaultPort, isSecure, plainAddress, transportName } from './address.ts';
import { type DnsResolver, orderSrv, type SrvRecord, systemDns } from './dns.ts';
import type { Hop, TransportName } from './types.ts';

export type NextHopsOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dns?: DnsResolver;
  /** Transports we can send over, the one we like best first. */
  readonly transports?: readonly TransportName[];
  /** For one question, and for all of one URI. */
  readonly questionMs?: number;
  readonly totalMs?: number;
  readonly keepMs?: number;
  /** How long "there is none" is believed. */
  readonly keepNothingMs?: number;
};

const MOST_HOPS = 16;
const MOST_ANSWERS = 4096;

/** NAPTR services of the transports. RFC 3263 §4.1, RFC 7118 §5.1. */
const services: Readonly<Record<string, TransportName>> = {
  'sip+d2u': 'udp',
  'sip+d2t': 'tcp',
  'sips+d2t': 'tls',
  'sip+d2w': 'ws',
  'sips+d2w': 'wss',
};

const srvPrefix: Readonly<Record<TransportName, string>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
  ws: '_sip._ws.',
  wss: '_sips._ws.',
};

type Answer = { readonly until: number; readonly value: Promise<readonly unknown[]> };

/** Where a URI leads. RFC 3263 §4. */
export class NextHops {
  readonly #options: NextHopsOptions;
  readonly #dns: DnsResolver;
  readonly #transports: readonly TransportName[];
  readonly #answers = new Map<string, Answer>();

  constructor(options: NextHopsOptions) {
    this.#options = options;
    this.#dns = options.dns ?? systemDns;
    this.#transports = options.transports ?? ['udp', 'tcp', 'tls'];
  }

  /** The hops of a URI (or of a Route value), best first. An IP address needs no DNS and no promise. Nothing when it
   * leads nowhere: unknown scheme or transport, no such host, or DNS silent. */
  resolve(text: string): readonly Hop[] | Promise<readonly Hop[]> {
    const uri = parseUri(text) ?? parseNameAddr(text)?.uri;
    if (uri === undefined || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) return [];
    const asked = uri.params.get('transport');
    const transport = typeof asked === 'string' ? securedBy(uri, transportName(asked)) : undefined;
    if (asked !== undefined && transport === undefined) return [];
    const maddr = uri.params.get('maddr');
    const host = typeof maddr === 'string' && maddr !== '' ? maddr.replace(/^\[|\]$/g, '') : uri.host;
    if (isIP(host) !== 0) {
      const chosen = transport ?? (uri.scheme === 'sips' ? 'tls' : 'udp');
      return [{ transport: chosen, address: plainAddress(host), port: uri.port ?? defaultPort(chosen) }];
    }
    // RFC 7118 §5.2: such a name is that of nowhere; its peer is reached over its own connection.
    if (host.toLowerCase().endsWith('.invalid')) return [];
    return this.#bounded(
      host,
      this.#lookUp(host, uri, transport).then((hops) => namedAfter(host, hops)),
    );
  }

  async #lookUp(host: string, uri: SipUri, asked: TransportName | undefined): Promise<readonly Hop[]> {
    const fallback = asked ?? (uri.scheme === 'sips' ? 'tls' : 'udp');
    // RFC 3263 §4.2: a port that is written is the port.
    if (uri.port !== undefined) return this.#byAddress(host, fallback, uri.port);
    const targets = asked === undefined ? await this.#byNaptr(host, uri.scheme === 'sips') : [];
    const names = asked === undefined ? this.#usable(uri.scheme === 'sips') : [asked];
    if (targets.length === 0) targets.push(...names.map((each) => ({ transport: each, name: srvPrefix[each] + host })));
    const hops: Hop[] = [];
    const lists = await Promise.all(targets.map((target) => this.#ask<SrvRecord>('srv', target.name)));
    for (const [i, records] of lists.entries()) {
      const { transport } = targets[i]!;
      for (const record of orderSrv(records, (below) => this.#options.random.integer(below))) {
        // RFC 2782: a single dot says there is no such service.
        if (hops.length >= MOST_HOPS || record.name === '' || record.name === '.') break;
        hops.push(...(await this.#byAddress(record.name, transport, record.port)));
      }
    }
    return hops.length > 0 ? hops.slice(0, MOST_HOPS) : this.#byAddress(host, fallback, defaultPort(fallback));
  }

  async #byNaptr(host: string, secure: boolean): Promise<Array<{ transport: TransportName; name: string }>> {
    const records = [...(await this.#ask<Awaited<ReturnType<DnsResolver['naptr']>>[number]>('naptr', host))];
    records.sort((a, b) => a.order - b.order || a.preference - b.preference);
    const usable = this.#usable(secure);
    return records.flatMap((record) => {
      const transport = services[record.service.toLowerCase()];
      if (transport === undefined || record.flags.toLowerCase() !== 's' || !usable.includes(transport)) return [];
      return [{ transport, name: record.replacement }];
    });
  }

  async #byAddress(host: string, transport: TransportName, port: number): Promise<Hop[]> {
    const addresses = isIP(host) === 0 ? await this.#ask<string>('addresses', host) : [host];
    return addresses.slice(0, MOST_HOPS).map((address) => ({ transport, address: plainAddress(address), port }));
  }

  #usable(secure: boolean): readonly TransportName[] {
    return secure ? this.#transports.filter((each) => each === 'tls' || each === 'wss') : this.#transports;
  }

  /** Asks DNS, or remembers. What fails is nothing, for a short while. */
  #ask<T>(question: keyof DnsResolver, name: string): Promise<readonly T[]> {
    const { clock, keepMs = 60_000, keepNothingMs = 5000 } = this.#options;
    const key = `${question} ${name}`;
    const now = clock.monotonic();
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > now) return known.value as Promise<readonly T[]>;
    const value: Promise<readonly unknown[]> = this.#inTime(this.#dns[question](name)).then(
      (records) => {
        if (records.length > 0) this.#remember(key, { until: clock.monotonic() + keepMs, value });
        return records;
      },
      (fault: unknown) => {
        this.#options.log.debug({ question, name, fault: messageOf(fault) }, 'DNS has no answer');
        return [];
      },
    );
    this.#remember(key, { until: now + keepNothingMs, value });
    return value as Promise<readonly T[]>;
  }

  #remember(key: string, answer: Answer): void {
    this.#answers.delete(key);
    if (this.#answers.size >= MOST_ANSWERS) {
      for (const oldest of this.#answers.keys()) {
        this.#answers.delete(oldest);
        break;
      }
    }
    this.#answers.set(key, answer);
  }

  #inTime(asking: Promise<readonly unknown[]>): Promise<readonly unknown[]> {
    const { clock, questionMs = 3000 } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(questionMs, 'dns question', () => reject(new Error('no answer in time')));
      asking.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** All of one URI's questions together end in time, whatever was found by then is too late. */
  #bounded(host: string, looking: Promise<readonly Hop[]>): Promise<readonly Hop[]> {
    const { clock, log, totalMs = 6000 } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.after(totalMs, `next hops of ${host}`, () => resolve([]));
      looking
        .then(resolve, (fault: unknown) => {
          log.warn({ host, fault: messageOf(fault) }, 'next hop look-up failed');
          resolve([]);
        })
        .finally(() => timer.cancel());
    });
  }
}

/** RFC 5922 §4: a certificate proves the name that was asked for, not the one DNS led to. */
function namedAfter(host: string, hops: readonly Hop[]): readonly Hop[] {
  return hops.map((hop) => (isSecure(hop.transport) ? { ...hop, host: host.toLowerCase() } : hop));
}

/** RFC 3261 §26.2.2, RFC 3263 §4.1: sips over TCP means TLS, and is never sent in the clear. */
function securedBy(uri: SipUri, transport: TransportName | undefined): TransportName | undefined {
  if (uri.scheme !== 'sips') return transport;
  if (transport === 'tcp' || transport === 'tls') return 'tls';
  return transport === 'ws' || transport === 'wss' ? 'wss' : undefined;
}
