/** SIP messages as a classic pcap file (LINKTYPE_RAW): each message gets IP and UDP headers as it would have had on the
 * wire, with right checksums; TCP messages become minimal TCP segments whose sequence numbers run on. What went over TLS or
 * WebSocket is shown in clear, as UDP, since its own bytes were encrypted. */
import { isIPv6 } from 'node:net';
import type { StoredEvent, StoredSip } from './events.ts';

const linkTypeRaw = 101;
const udpProtocol = 17;
const tcpProtocol = 6;
/** Largest payload of one packet; a longer TCP message becomes several segments. */
const maxPayload = 65_000;

function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(linkTypeRaw, 20);
  return header;
}

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

/** RFC 1071. */
function checksum(...parts: Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i + 1 < part.length; i += 2) sum += part.readUInt16BE(i);
    if (part.length % 2 === 1) sum += (part[part.length - 1] as number) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

type End = { readonly address: string; readonly port: number };
type Addresses = { readonly v6: boolean; readonly source: Buffer; readonly target: Buffer };

function addresses(from: End, to: End): Addresses {
  const v6 = isIPv6(from.address) || isIPv6(to.address);
  const bytes = v6 ? ipv6Bytes : ipv4Bytes;
  return { v6, source: bytes(from.address), target: bytes(to.address) };
}

function pseudoHeader(ip: Addresses, protocol: number, length: number): Buffer {
  const tail = Buffer.alloc(ip.v6 ? 8 : 4);
  if (ip.v6) {
    tail.writeUInt32BE(length, 0);
    tail[7] = protocol;
  } else {
    tail[1] = protocol;
    tail.writeUInt16BE(length, 2);
  }
  return Buffer.concat([ip.source, ip.target, tail]);
}

function ipHeader(ip: Addresses, protocol: number, length: number): Buffer {
  if (ip.v6) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(length, 4);
    header[6] = protocol;
    header[7] = 64;
    return Buffer.concat([header, ip.source, ip.target]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt16BE(0x4000, 6);
  header[8] = 64;
  header[9] = protocol;
  const whole = Buffer.concat([header, ip.source, ip.target]);
  whole.writeUInt16BE(checksum(whole), 10);
  return whole;
}

function udp(from: End, to: End, payload: Buffer): Buffer[] {
  const ip = addresses(from, to);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  // RFC 768: a computed zero is sent as all ones.
  const sum = checksum(pseudoHeader(ip, udpProtocol, 8 + payload.length), header, payload) || 0xffff;
  header.writeUInt16BE(sum, 6);
  return [ipHeader(ip, udpProtocol, 8 + payload.length), header, payload];
}

function tcp(from: End, to: End, payload: Buffer, seq: { readonly own: number; readonly peer: number }): Buffer[] {
  const ip = addresses(from, to);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt32BE(seq.own >>> 0, 4);
  header.writeUInt32BE(seq.peer >>> 0, 8);
  header[12] = 0x50;
  header[13] = 0x18;
  header.writeUInt16BE(65_535, 14);
  header.writeUInt16BE(checksum(pseudoHeader(ip, tcpProtocol, 20 + payload.length), header, payload), 16);
  return [ipHeader(ip, tcpProtocol, 20 + payload.length), header, payload];
}

/** Sequence numbers of every TCP flow in the capture, by direction. */
class Flows {
  readonly #next = new Map<string, number>();

  take(from: End, to: End, length: number): { own: number; peer: number } {
    const key = `${from.address} ${from.port} ${to.address} ${to.port}`;
    const own = this.#next.get(key) ?? 1;
    this.#next.set(key, own + length);
    const peer = this.#next.get(`${to.address} ${to.port} ${from.address} ${from.port}`) ?? 1;
    return { own, peer };
  }
}

function record(at: number, packet: Buffer[]): Buffer[] {
  const length = packet.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.alloc(16);
  const micros = Math.round(at * 1000);
  header.writeUInt32LE(Math.floor(micros / 1_000_000) >>> 0, 0);
  header.writeUInt32LE(micros % 1_000_000, 4);
  header.writeUInt32LE(length, 8);
  header.writeUInt32LE(length, 12);
  return [header, ...packet];
}

function packets(event: StoredSip, flows: Flows): Buffer[] {
  const [from, to] = event.direction === 'in' ? [event.remote, event.local] : [event.local, event.remote];
  if (event.transport.toLowerCase() !== 'tcp')
    return record(event.at, udp(from, to, event.bytes.subarray(0, maxPayload)));
  const parts: Buffer[] = [];
  for (let at = 0; at < event.bytes.length; at += maxPayload) {
    const payload = event.bytes.subarray(at, at + maxPayload);
    parts.push(...record(event.at, tcp(from, to, payload, flows.take(from, to, payload.length))));
  }
  return parts;
}

/** A capture file of every SIP message of the story. */
export function capture(events: readonly StoredEvent[]): Buffer {
  const flows = new Flows();
  const parts = [fileHeader()];
  for (const event of events) if (event.kind === 'sip') parts.push(...packets(event, flows));
  return Buffer.concat(parts);
}
