/** Which gateway a TLS connection goes to, and what the configuration says of its certificates. */
import type { Config } from '../config/index.ts';
import type { Directory } from '../ports/index.ts';
import type { Hop } from '../sip/agent/index.ts';
import type { TlsPeer } from '../sip/transport/index.ts';

/** Files are of the configuration alone: REST must not make the server read any. */
export function tlsPeersOf(config: Config, directory: Directory): (hop: Hop) => TlsPeer | undefined {
  const known = new Map<string, TlsPeer>();
  for (const { host, port, protocol, tls } of config.accounts.flatMap(gatewaysOf)) {
    if (protocol !== 'tls' || tls === undefined) continue;
    const peer = { clientCert: tls.client_cert, clientKey: tls.client_key, ca: tls.ca, verify: tls.verify };
    // Without a port DNS names it, and it may be any.
    known.set(port === undefined ? host.toLowerCase() : place(host, port), peer);
    if (port === undefined) known.set(place(host, 5061), peer);
  }
  const { cert, key } = config.sip.tls ?? {};
  // Microsoft wants to see who connects: the name of the SBC is that of our own certificate.
  const teams: TlsPeer = { clientCert: cert, clientKey: key };
  return ({ host, address, port }) => {
    const name = host ?? address;
    const at = place(name, port);
    return known.get(at) ?? known.get(name) ?? (isTeamsGateway(directory, at) ? teams : undefined);
  };
}

function isTeamsGateway(directory: Directory, at: string): boolean {
  return directory.all('teamsTenant').some(({ gateways }) => gateways.some((each) => placeOf(each) === at));
}

/** `host:port` as a hop is compared with it. */
export function placeOf(gateway: string): string {
  return (/:\d+$/.test(gateway) ? gateway : `${gateway}:5061`).toLowerCase();
}

function gatewaysOf(account: Config['accounts'][number]): Config['accounts'][number]['carriers'][number]['gateways'] {
  return account.carriers.flatMap((carrier) => carrier.gateways);
}

function place(host: string, port: number): string {
  return `${host.toLowerCase()}:${port}`;
}
