/** SIP messages as a classic pcap file (LINKTYPE_RAW): each message gets IP and UDP headers as it would have had on the
 * wire, with right checksums; TCP messages become minimal TCP segments whose sequence numbers run on. In a story with
 * messages of TLS or WebSockets, whose own bytes nobody could read, all are as Wireshark exports what it has decrypted:
 * exported-pdu.ts. */
import { addresses, type Addresses, type End } from './addresses.ts';
import { exportedPdu, linkTypeExportedPdu } from './exported-pdu.ts';
import type { StoredEvent, StoredSip } from './events.ts';

const linkTypeRaw = 101;
const udpProtocol = 17;
const tcpProtocol = 6;
/** Largest payload of one packet; a longer TCP message becomes several segments. */
const maxPayload = 65_000;
/** What a capture can show as it was. */
const plain: ReadonlySet<string> = new Set(['udp', 'tcp']);

function fileHeader(linkType: number): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(linkType, 20);
  return header;
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

function endsOf({ direction, remote, local }: StoredSip): { from: End; to: End } {
  return direction === 'in' ? { from: remote, to: local } : { from: local, to: remote };
}

function packets(event: StoredSip, flows: Flows): Buffer[] {
  const { from, to } = endsOf(event);
  if (event.transport.toLowerCase() !== 'tcp')
    return record(event.at, udp(from, to, event.bytes.subarray(0, maxPayload)));
  const parts: Buffer[] = [];
  for (let at = 0; at < event.bytes.length; at += maxPayload) {
    const payload = event.bytes.subarray(at, at + maxPayload);
    parts.push(...record(event.at, tcp(from, to, payload, flows.take(from, to, payload.length))));
  }
  return parts;
}

function exported(event: StoredSip): Buffer[] {
  const { from, to } = endsOf(event);
  const way = { from, to, ip: addresses(from, to), datagram: event.transport.toLowerCase() === 'udp' };
  return record(event.at, exportedPdu(way, event.bytes));
}

/** A capture file of every SIP message of the story. */
export function capture(events: readonly StoredEvent[]): Buffer {
  const messages = events.filter((event) => event.kind === 'sip');
  if (messages.some(({ transport }) => !plain.has(transport.toLowerCase())))
    return Buffer.concat([fileHeader(linkTypeExportedPdu), ...messages.flatMap(exported)]);
  const flows = new Flows();
  return Buffer.concat([fileHeader(linkTypeRaw), ...messages.flatMap((each) => packets(each, flows))]);
}
