/** Which gateway a TLS connection goes to, and what the configuration says of its certificates. */
import type { Config } from '../config/index.ts';
import type { Hop } from '../sip/agent/index.ts';
import type { TlsPeer } from '../sip/transport/index.ts';

/** Files are of the configuration alone: REST must not make the server read any. */
export function tlsPeersOf(config: Config): (hop: Hop) => TlsPeer | undefined {
  const known = new Map<string, TlsPeer>();
  for (const { host, port, protocol, tls } of config.accounts.flatMap(gatewaysOf)) {
    if (protocol !== 'tls' || tls === undefined) continue;
    const peer = { clientCert: tls.client_cert, clientKey: tls.client_key, ca: tls.ca, verify: tls.verify };
    // Without a port DNS names it, and it may be any.
    known.set(port === undefined ? host.toLowerCase() : place(host, port), peer);
    if (port === undefined) known.set(place(host, 5061), peer);
  }
  return ({ host, address, port }) => known.get(place(host ?? address, port)) ?? known.get(host ?? address);
}

function gatewaysOf(account: Config['accounts'][number]): Config['accounts'][number]['carriers'][number]['gateways'] {
  return account.carriers.flatMap((carrier) => carrier.gateways);
}

function place(host: string, port: number): string {
  return `${host.toLowerCase()}:${port}`;
}
