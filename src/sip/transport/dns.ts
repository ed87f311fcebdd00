import { promises as dns } from 'node:dns';

export type NaptrRecord = {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
};
export type SrvRecord = {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
};

/** What RFC 3263 asks of DNS. Each rejects or gives nothing where there is nothing. */
export interface DnsResolver {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** IPv4 before IPv6. */
  addresses(name: string): Promise<readonly string[]>;
}

/** The system's resolver. Addresses come the way every program gets them, so the hosts file counts. */
export const systemDns: DnsResolver = {
  naptr: (name) => dns.resolveNaptr(name),
  srv: (name) => dns.resolveSrv(name),
  addresses: async (name) => {
    const found = await dns.lookup(name, { all: true, verbatim: false });
    return found.map((each) => each.address);
  },
};

/** Picks an order for SRV records: by priority, and inside one priority at random by weight. RFC 2782. */
export function orderSrv(records: readonly SrvRecord[], draw: (below: number) => number): SrvRecord[] {
  const rest = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const out: SrvRecord[] = [];
  while (rest.length > 0) {
    const { priority } = rest[0]!;
    const group = rest.filter((each) => each.priority === priority);
    const total = group.reduce((sum, each) => sum + each.weight, 0);
    let at = draw(total + 1);
    const index = Math.max(
      0,
      group.findIndex((each) => (at -= each.weight) <= 0),
    );
    out.push(...rest.splice(index, 1));
  }
  return out;
}
