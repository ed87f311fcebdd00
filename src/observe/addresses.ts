/** The ends of a message as bytes of an IP header. */
import { isIPv6 } from 'node:net';

/** 16 bytes of an IPv6 literal; IPv4-mapped ones too. */
function ipv6Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  let text = address.split('%')[0] as string;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted !== null) {
    const [a, b, c, d] = dotted.slice(2).map(Number) as [number, number, number, number];
    text = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  groups(head).forEach((group, i) => bytes.writeUInt16BE(group & 0xffff, i * 2));
  const end = groups(tail ?? '');
  end.forEach((group, i) => bytes.writeUInt16BE(group & 0xffff, 16 - (end.length - i) * 2));
  return bytes;
}

function ipv4Bytes(address: string): Buffer {
  const parts = address.split('.').map((part) => Number(part) & 0xff);
  return parts.length === 4 ? Buffer.from(parts) : Buffer.alloc(4);
}

export type End = { readonly address: string; readonly port: number };
export type Addresses = { readonly v6: boolean; readonly source: Buffer; readonly target: Buffer };

export function addresses(from: End, to: End): Addresses {
  const v6 = isIPv6(from.address) || isIPv6(to.address);
  const bytes = v6 ? ipv6Bytes : ipv4Bytes;
  return { v6, source: bytes(from.address), target: bytes(to.address) };
}
