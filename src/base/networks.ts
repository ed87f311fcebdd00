/** Addresses against networks, `192.0.2.7` or `192.0.2.0/24`, as they stand in the configuration. */
import ipaddr from 'ipaddr.js';

/** Tells whether an address is one of these networks'. They are checked by the configuration. */
export function withinNetworks(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false;
  const ranges = networks.map((text) => {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128] as const;
  });
  return (text) => {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    return ranges.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits));
  };
}
