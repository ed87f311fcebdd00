/** Messages as Wireshark exports what it has decrypted: LINKTYPE_WIRESHARK_UPPER_PDU. Each says which dissector it is for,
 * between which ends and over what it came, so that SIP of TLS and WebSockets is read as SIP whatever the port.
 * https://www.tcpdump.org/linktypes/LINKTYPE_WIRESHARK_UPPER_PDU.html */
import { type Addresses, type End } from './addresses.ts';

export const linkTypeExportedPdu = 252;

const END = 0;
const DISSECTOR = 12;
const IPV4_SOURCE = 20;
const IPV4_TARGET = 21;
const IPV6_SOURCE = 22;
const IPV6_TARGET = 23;
const PORT_TYPE = 24;
const SOURCE_PORT = 25;
const TARGET_PORT = 26;
const PORT_OF_TCP = 2;
const PORT_OF_UDP = 3;

export type Way = { readonly from: End; readonly to: End; readonly ip: Addresses; readonly datagram: boolean };

export function exportedPdu({ from, to, ip, datagram }: Way, payload: Buffer): Buffer[] {
  return [
    tag(DISSECTOR, Buffer.from('sip')),
    tag(ip.v6 ? IPV6_SOURCE : IPV4_SOURCE, ip.source),
    tag(ip.v6 ? IPV6_TARGET : IPV4_TARGET, ip.target),
    tag(PORT_TYPE, word(datagram ? PORT_OF_UDP : PORT_OF_TCP)),
    tag(SOURCE_PORT, word(from.port)),
    tag(TARGET_PORT, word(to.port)),
    tag(END, Buffer.alloc(0)),
    payload,
  ];
}

/** Type, length, value; both with the zeros that fill it up to four bytes. */
function tag(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(bytes.length - 4, 2);
  value.copy(bytes, 4);
  return bytes;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
