/** Which hosts a customer's URL may reach. A server that fetches whatever URL it is given is a door into its own network
 * (SSRF), so only public unicast addresses pass; loopback and private ones when the operator says so; cloud metadata
 * services and link-local addresses never. */
import ipaddr from 'ipaddr.js';

/** RFC 3927 holds every cloud's metadata address; the rest are the known ones outside it. */
const metadataAddresses = new Set([
  '100.100.100.200', // Alibaba Cloud
  '168.63.129.16', // Azure wire server
  '192.0.0.192', // Oracle Cloud classic
  'fd00:ec2::254', // Amazon
  'fd00:ec2::23',
  'fd00:ec2::253',
  'fd20:ce::254', // Google
]);
const metadataNames = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
]);

/** Local ranges that `allow_private_addresses` opens. Everything else that is not public stays closed. */
const privateRanges = new Set([
  'loopback',
  'private',
  'uniqueLocal',
  'carrierGradeNat',
  'benchmarking',
  'unspecified',
  'reserved',
]);

/** Why the address may not be reached; undefined when it may. */
export function refuseAddress(address: string, allowPrivate: boolean): string | undefined {
  const bare = address.includes('%') ? address.slice(0, address.indexOf('%')) : address;
  if (!ipaddr.isValid(bare)) return 'not an IP address';
  const ip = embedded(ipaddr.parse(bare));
  if (ip === undefined) return 'a tunnelled address';
  const text = ip.toString();
  const range = ip.range();
  if (metadataAddresses.has(text)) return 'a cloud metadata address';
  if (range === 'linkLocal') return 'a link-local (cloud metadata) address';
  if (range === 'unicast') return undefined;
  if (!privateRanges.has(range)) return `a ${range} address`;
  return allowPrivate ? undefined : `a ${range} address, and allow_private_addresses is off`;
}

/** ::ffff:0:0/96, NAT64 (64:ff9b::/96) and RFC 6145 translation: the last four bytes are where the packet goes. */
const carriesV4 = new Set(['ipv4Mapped', 'rfc6052', 'rfc6145']);

/** The IPv4 address inside an IPv6 one, where there is one: the packet ends there. 6to4 and Teredo are refused whole. */
function embedded(ip: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (!(ip instanceof ipaddr.IPv6)) return ip;
  const range = ip.range();
  if (range === '6to4' || range === 'teredo') return undefined;
  // 64:ff9b:1::/48, local-use NAT64 (RFC 8215): where it leads is the operator's secret.
  if (ip.match(ipaddr.IPv6.parse('64:ff9b:1::'), 48)) return undefined;
  const bytes = ip.toByteArray();
  // ::a.b.c.d, deprecated by RFC 4291 §2.5.5.1 but still routed by some stacks; :: and ::1 are no such thing.
  const compatible = bytes.slice(0, 12).every((byte) => byte === 0) && (bytes[12] !== 0 || bytes[13] !== 0);
  return carriesV4.has(range) || compatible ? new ipaddr.IPv4(bytes.slice(12)) : ip;
}

/** Why a host name may not even be looked up. */
export function refuseName(hostname: string): string | undefined {
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  if (metadataNames.has(name.toLowerCase())) return 'the name of a cloud metadata service';
  return name === '' ? 'an empty host name' : undefined;
}

/** Ports of services that read an HTTP request as commands of their own protocol (a subset of the WHATWG fetch list). */
const badPorts = new Set(
  [1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110]
    .concat([111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530])
    .concat([531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045])
    .concat([4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 11211]),
);

export function refusePort(port: number): string | undefined {
  return badPorts.has(port) ? `port ${port}, which is not a web server's` : undefined;
}
